"""Start the app: settings, then a small parent that keeps one worker and the page running.

The page is this file with `--page`; `python app.py` alone is all that anybody starts.
"""

import errno
import os
import socket
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio would go through its last 10,000 events after each one, to count them for its own page of figures.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from lorakit import workspace
from lorakit.errors import LoraKitError
from lorakit.jobs.supervisor import REFUSED, end_with_parent, supervise

USER = "studio"
PAGE = "--page"


def main() -> None:
    """Serve on `LORAKIT_HOST`:`LORAKIT_PORT`.

    With `LORAKIT_PASSWORD` set, the page asks for it (user "studio").
    """
    try:
        host, port = address()
        workspace.redirect_caches()
    except LoraKitError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    if PAGE not in sys.argv[1:]:
        sys.exit(supervise([sys.executable, os.path.abspath(__file__), PAGE]))
    end_with_parent()
    serve(host, port)


def address() -> tuple[str, int]:
    """The host and the port to serve on. Raises LoraKitError when that cannot be."""
    on_a_space = bool(os.environ.get("SPACE_ID"))
    host = (
        os.environ.get("LORAKIT_HOST")
        or os.environ.get("GRADIO_SERVER_NAME")
        or ("0.0.0.0" if on_a_space else "127.0.0.1")
    )
    port = os.environ.get("LORAKIT_PORT") or os.environ.get("GRADIO_SERVER_PORT") or "7860"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise LoraKitError(f"LORAKIT_PORT is {port!r}; it must be a number from 1 to 65535")
    check_address(host, int(port))
    return (f"[{host}]" if ":" in host and host[0] != "[" else host), int(port)


def serve(host: str, port: int) -> None:
    """Show the page until this process ends."""
    os.environ.setdefault("GRADIO_TEMP_DIR", str(workspace.sent_folder()))
    from lorakit.data.photos import helpers
    from lorakit.ui import build_app, launch_options

    password = os.environ.get("LORAKIT_PASSWORD")
    app = build_app()
    helpers.use(helpers.Helpers())  # what people send is not opened in this process
    app.launch(
        server_name=host,
        server_port=port,
        auth=(USER, password) if password else None,
        **launch_options(),
    )


def check_address(host: str, port: int) -> None:
    """Raise LoraKitError, naming the variable, when this machine cannot listen there."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:  # a name that means nothing is one too
        if error.errno == errno.EADDRINUSE:
            said = (
                f"Port {port} is taken: is the studio running already? Choose another one with "
                f"LORAKIT_PORT={port + 1}"
            )
        elif error.errno == errno.EACCES:
            said = f"Port {port} is not open to this account; choose one from 1024 on: LORAKIT_PORT=7860"
        else:
            said = (
                f"LORAKIT_HOST is {host!r}, which is not an address of this machine; use 127.0.0.1 for this "
                "machine alone, or 0.0.0.0 for the network"
            )
        raise LoraKitError(said) from error
    except UnicodeError as error:
        raise LoraKitError(f"LORAKIT_HOST is {host!r}, which is not an address") from error


if __name__ == "__main__":
    main()
