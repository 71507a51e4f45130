"""Authlib with Flask: an OpenID provider with refresh token rotation, revocation and an API."""

import json
import os
import sys
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from authlib.jose import JsonWebKey
from flask import Flask, jsonify, request

settings = json.loads(sys.argv[1])
client_settings, user = settings["client"], settings["user"]
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
key = JsonWebKey.generate_key("RSA", 2048, {"kid": "key-1"}, is_private=True)
codes, tokens = {}, []

PAGE = """<form method="post"><input type="email" name="email"><input type="password" name="password">
<button>Sign in and allow</button></form>"""


class Client(ClientMixin):
    def get_client_id(self):
        return client_settings["id"]

    def get_default_redirect_uri(self):
        return settings["appUrl"] + "/auth/callback"

    def get_allowed_scope(self, scope):
        return " ".join(each for each in (scope or "").split() if each in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret):
        return client_secret == client_settings["secret"]

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


class User:
    def get_user_id(self):
        return user["username"]


class Code(AuthorizationCodeMixin):
    def __init__(self, code, form, scope):
        self.code, self.scope = code, scope
        self.redirect_uri, self.nonce = form.get("redirect_uri"), form.get("nonce")
        self.code_challenge = form.get("code_challenge")
        self.code_challenge_method = form.get("code_challenge_method")
        self.auth_time = int(time.time())

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return self.auth_time


class Token(TokenMixin):
    def __init__(self, values):
        self.access_token, self.refresh_token = values["access_token"], values.get("refresh_token")
        self.scope, self.expires_in = values.get("scope", ""), values["expires_in"]
        self.expires_at = time.time() + self.expires_in
        self.revoked = False

    def check_client(self, client):
        return True

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return self.expires_at < time.time()

    def is_revoked(self):
        return self.revoked


def find(name, value):
    return next((token for token in tokens if getattr(token, name) == value), None)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        codes[code] = Code(code, request.data, request.scope)

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return User()


class OpenID(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return False

    def get_jwt_config(self, grant):
        return {"key": key, "alg": "RS256", "iss": settings["url"], "exp": 3600}

    def generate_user_info(self, user_, scope):
        return UserInfo(sub=user_.get_user_id(), name=user["name"])


class RefreshTokenGrant(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def authenticate_refresh_token(self, refresh_token):
        token = find("refresh_token", refresh_token)
        return token if token and not token.revoked else None

    def authenticate_user(self, credential):
        return User()

    def revoke_old_credential(self, credential):
        credential.revoked = True


class Revocation(RevocationEndpoint):
    def query_token(self, token_string, token_type_hint):
        return find("refresh_token", token_string) or find("access_token", token_string)

    def revoke_token(self, token, request):
        token.revoked = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return find("access_token", token_string)


def save_token(values, request):
    tokens.append(Token(values))


app = Flask(__name__)
app.secret_key = os.urandom(16)
lifetime = settings["lifetimeSeconds"]
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": lifetime, "refresh_token": lifetime}
server = AuthorizationServer(app, query_client=lambda id: Client() if id == client_settings["id"] else None, save_token=save_token)
server.register_grant(AuthorizationCodeGrant, [OpenID(require_nonce=False), CodeChallenge(required=True)])
server.register_grant(RefreshTokenGrant)
server.register_endpoint(Revocation)
require_oauth = ResourceProtector()
require_oauth.register_token_validator(Validator())


@app.get("/authorize")
def show_page():
    server.get_consent_grant(end_user=None)
    return PAGE


@app.post("/authorize")
def authorize():
    is_user = (request.form["email"], request.form["password"]) == (user["email"], user["password"])
    return server.create_authorization_response(grant_user=User() if is_user else None)


@app.post("/token")
def issue_token():
    return server.create_token_response()


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response(Revocation.ENDPOINT_NAME)


@app.get("/jwks")
def jwks():
    return jsonify(keys=[key.as_dict()])


@app.get("/api")
@require_oauth("openid")
def api():
    return jsonify(scope=current_token.get_scope())


print("ready", flush=True)
app.run(host="127.0.0.1", port=settings["port"], threaded=True)
