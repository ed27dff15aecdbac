"""Start the app: settings, one worker, the page."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from lorakit import worker
from lorakit.ui import build_app, launch_options


def main() -> None:
    """Serve on `LORAKIT_HOST`:`LORAKIT_PORT`; with `LORAKIT_PASSWORD` set, the page asks for it (user "studio")."""
    on_a_space = bool(os.environ.get("SPACE_ID"))
    password = os.environ.get("LORAKIT_PASSWORD")
    worker.ensure_running()
    build_app().launch(
        server_name=os.environ.get("LORAKIT_HOST", "0.0.0.0" if on_a_space else "127.0.0.1"),
        server_port=int(os.environ.get("LORAKIT_PORT", "7860")),
        auth=("studio", password) if password else None,
        **launch_options(),
    )


if __name__ == "__main__":
    main()
