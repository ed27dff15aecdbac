# LoraKit Studio as a container or a Docker Space: runs as user 1000, writes only to /data or its home.
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 studio && mkdir /data && chown studio /data
WORKDIR /home/studio/app
COPY --chown=studio requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=studio . .

USER studio
ENV LORAKIT_HOST=0.0.0.0 LORAKIT_HOME=/data/workspace LORAKIT_ADAPTERS=/data/adapters HF_HOME=/data/huggingface
EXPOSE 7860
# The volume starts with the adapters that ship with the studio; later starts leave it as it is.
CMD ["sh", "-c", "[ -d \"$LORAKIT_ADAPTERS\" ] || cp -r adapters \"$LORAKIT_ADAPTERS\"; exec python app.py"]
