"""What every answer tells the browser, and what a real one makes of it."""

import pytest

from lorakit.ui.door.headers import FILE, cookie

SPACE = {"SPACE_ID": "owner/studio", "SPACE_HOST": "owner-studio.hf.space"}
HTTPS = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "owner-studio.hf.space"}


def csp(answer):
    return dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))


@pytest.mark.battery(96, "framed by another origin")
def test_every_answer_carries_the_headers(guarded, unguarded):
    for running in (guarded, unguarded):
        for method, path in (("GET", "/"), ("GET", "/config"), ("POST", "/login"), ("GET", "/nothing"),
                             ("GET", "/theme.css"), ("GET", "/gradio_api/file=/etc/passwd")):  # fmt: skip
            for headers in ({}, {"Origin": "https://evil.example"}, {"Host": "evil.example"}):
                answer = running(method, path, b"" if method == "POST" else None, **headers)
                assert csp(answer)["frame-ancestors"] == "'self'"
                assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_space_may_be_framed_by_the_hub_and_by_nobody_else(unguarded, monkeypatch):
    for name, value in SPACE.items():
        monkeypatch.setenv(name, value)
    answer = unguarded("GET", "/")
    assert csp(answer)["frame-ancestors"] == "'self' https://huggingface.co https://*.huggingface.co"
    assert "X-Frame-Options" not in answer.headers


def test_a_file_opened_by_itself_runs_nothing(unguarded):
    answer = unguarded("GET", "/gradio_api/file=/etc/passwd")
    assert answer.headers["Content-Security-Policy"].startswith(FILE) and "script-src" not in csp(answer)
    assert csp(answer)["default-src"] == "'none'"


def test_cookies_keep_to_the_studio(guarded, monkeypatch):
    def attributes(**headers):
        found = guarded.log_in("right", **headers).cookies
        assert len(found) >= 2
        return [{part.strip().lower() for part in text.split(";")[1:]} for text in found]

    for each in attributes():
        assert {"httponly", "samesite=lax"} <= each and "secure" not in each
    for each in attributes(X_Forwarded_Proto="https"):
        assert {"httponly", "samesite=lax", "secure"} <= each
    for name, value in SPACE.items():
        monkeypatch.setenv(name, value)
    for each in attributes(**HTTPS):
        assert {"httponly", "samesite=none", "secure", "partitioned"} <= each
    scope = {"headers": [], "scheme": "http"}
    assert cookie("a=b; Path=/; SameSite=None; Secure; Max-Age=5", scope).split("; ")[:3] == [
        "a=b",
        "Path=/",
        "Max-Age=5",
    ]


def test_a_real_browser_finds_nothing_against_the_policy_on_any_tab(guarded, browser, turned):
    window, said, failed = browser.new_page(color_scheme="light"), [], []
    window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    window.on("pageerror", lambda error: failed.append(str(error)))
    window.goto(guarded.address)
    window.get_by_label("Password").fill("wrong")
    window.get_by_role("button", name="Log in").click()
    window.get_by_text("password is wrong").wait_for()
    said.clear()  # the browser notes the 400
    window.get_by_label("Password").fill("right")
    window.get_by_role("button", name="Log in").click()
    for tab in ("Train", "Brand voice", "Product scenes", "Adapters"):
        window.get_by_role("tab", name=tab, exact=True).click()
        window.locator(".tabitem:visible, [role=tabpanel]:visible").last.wait_for()
        window.wait_for_timeout(300)  # for what the tab asks for when it is opened
    turned(window, "dark")
    assert failed == [] and [text for text in said if "Content Security Policy" in text] == []
    assert window.url.rstrip("/") == guarded.address
    window.close()
