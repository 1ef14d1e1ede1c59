"""
What an application in Python does, with the two libraries that it would use, as they are: requests-oauthlib and Authlib.
Each flow prints one line of JSON: its name, and what came of it. Called with the address of a service in its sandbox.
"""

import json
import os
import sys
from urllib.parse import parse_qsl, urlsplit

import requests

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback is plain http

from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # noqa: E402
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, MobileApplicationClient  # noqa: E402
from requests_oauthlib import OAuth2Session  # noqa: E402

BASE = sys.argv[1]
TEST = BASE + "/test"
TOKEN = BASE + "/oauth/token"
CALLS = BASE + "/rest/call"
APP = ("demo-app", "demo-secret")


def browse(url):
    """The person in front of the browser: logs in, accepts. Returns where the browser is sent in the end."""
    browser = requests.Session()
    login = browser.get(url, allow_redirects=False).headers["Location"]
    asked = dict(parse_qsl(urlsplit(login).query))
    form = dict(asked, username="demo", password="demo")
    page = browser.post(BASE + "/auth/login", data=form, allow_redirects=False).headers["Location"]
    answer = browser.get(page if page.startswith("http") else BASE + page, allow_redirects=False)
    if answer.status_code == 200:
        answer = browser.post(BASE + "/auth/grant", data=dict(asked, grant="true"), allow_redirects=False)
    return answer.headers["Location"]


def oauthlib_code():
    saved = []
    session = OAuth2Session(
        APP[0],
        redirect_uri=TEST,
        scope=["call"],
        auto_refresh_url=TOKEN,
        auto_refresh_kwargs={"client_id": APP[0], "client_secret": APP[1]},
        token_updater=saved.append,
    )
    url, state = session.authorization_url(BASE + "/oauth/auth")
    arrival = browse(url)
    token = session.fetch_token(TOKEN, client_secret=APP[1], authorization_response=arrival)
    first = session.get(CALLS).status_code
    session.token = dict(token, expires_at=1)  # as an hour later: the library refreshes by itself
    second = session.get(CALLS).status_code
    return {"calls": [first, second], "refreshed": len(saved), "rotated": saved[0]["refresh_token"] != token["refresh_token"]}


def oauthlib_fragment():
    session = OAuth2Session(client=MobileApplicationClient("demo-js", scope=["call"]), redirect_uri=TEST, scope=["call"])
    url, state = session.authorization_url(BASE + "/oauth/auth")
    session.token_from_fragment(browse(url))
    placed = session.post(CALLS, data={"number": "+12025550100"})
    ended = session.put(CALLS, data=dict(parse_qsl(urlsplit(placed.headers["Location"]).query)))
    return {"calls": [placed.status_code, ended.status_code], "state": ended.json()["state"]}


def oauthlib_password():
    session = OAuth2Session(client=LegacyApplicationClient("demo-password", scope=["read", "write"]))
    session.fetch_token(TOKEN, username="demo", password="demo", client_id="demo-password", client_secret="demo-secret")
    return {"calls": [session.get(CALLS).status_code]}


def oauthlib_wrong_secret():
    session = OAuth2Session(client=BackendApplicationClient("demo-app"))
    try:
        session.fetch_token(TOKEN, client_id="demo-app", client_secret="wrong")
    except Exception as error:  # the library's own class for it
        return {"error": getattr(error, "error", str(error))}


def authlib_code():
    session = AuthlibSession(*APP, scope="call", redirect_uri=TEST, code_challenge_method="S256")
    verifier = "v" * 50
    url, state = session.create_authorization_url(BASE + "/oauth/auth", code_verifier=verifier)
    token = session.fetch_token(TOKEN, authorization_response=browse(url), code_verifier=verifier, state=state)
    first = session.get(CALLS).status_code
    session.refresh_token(TOKEN)
    second = session.get(CALLS).status_code
    active = session.introspect_token(BASE + "/oauth/introspect", token=session.token["access_token"]).json()["active"]
    session.revoke_token(BASE + "/oauth/revoke", token=session.token["refresh_token"])
    return {"calls": [first, second, session.get(CALLS).status_code], "active": active, "expires_in": token["expires_in"]}


def authlib_public():
    session = AuthlibSession("demo-js", scope="call", redirect_uri=TEST, code_challenge_method="S256", token_endpoint_auth_method="none")
    verifier = "w" * 64
    url, state = session.create_authorization_url(BASE + "/oauth/auth", code_verifier=verifier)
    session.fetch_token(TOKEN, authorization_response=browse(url), code_verifier=verifier, state=state)
    return {"calls": [session.get(CALLS).status_code]}


for flow in [
    oauthlib_code,
    oauthlib_fragment,
    oauthlib_password,
    oauthlib_wrong_secret,
    authlib_code,
    authlib_public,
]:
    print(json.dumps({"flow": flow.__name__, "came": flow()}), flush=True)
