"""django-oauth-toolkit as an OpenID provider, with the login page of Django."""

import json
import os
import sys

import django
from django.conf import settings
from jwcrypto import jwk

given = json.loads(sys.argv[1])
client, user = given["client"], given["user"]
folder = os.getcwd()
with open(os.path.join(folder, "login.html"), "w") as page:
    page.write('<form method="post">{% csrf_token %}{{ form }}<button>Sign in</button></form>')

settings.configure(
    SECRET_KEY=os.urandom(16).hex(),
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "database")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [folder],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ]
            },
        }
    ],
    LOGIN_URL="/login/",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": jwk.JWK.generate(kty="RSA", size=2048).export_to_pem(True, None).decode(),
        "SCOPES": {"openid": "Sign in"},
        "ACCESS_TOKEN_EXPIRE_SECONDS": given["lifetimeSeconds"],
        "ROTATE_REFRESH_TOKEN": True,
        "PKCE_REQUIRED": True,
    },
)
django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.urls import include, path
from oauth2_provider.models import get_application_model

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login/", LoginView.as_view(template_name="login.html")),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    owner = get_user_model().objects.create_user(user["username"], user["email"], user["password"])
    get_application_model().objects.create(
        name="web",
        client_id=client["id"],
        client_secret=client["secret"],
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=given["appUrl"] + "/auth/callback",
        algorithm="RS256",
        user=owner,
    )
    from django.core.servers.basehttp import get_internal_wsgi_application, run

    print("ready", flush=True)
    run("127.0.0.1", given["port"], get_internal_wsgi_application(), threading=True)
