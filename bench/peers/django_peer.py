"""django-oauth-toolkit under gunicorn, with grants that were made before, in SQLite. Both are Debian's packages.

Run with the settings as JSON, it makes its database, writes the tokens and becomes gunicorn; as a module of gunicorn it serves
the database that PEER_DATABASE names.
"""

import json
import os
import secrets
import socket
import sys
import time
import urllib.request
from datetime import timedelta

import django
from django.conf import settings

CLIENT_ID = "bench"
CLIENT_SECRET = "a secret of the benchmark that is long enough"

told = json.loads(sys.argv[1]) if __name__ == "__main__" else None
database = (told["database"] if told else None) or os.environ["PEER_DATABASE"]

settings.configure(
    SECRET_KEY="a key of the benchmark",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="django_peer",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=[],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database, "CONN_MAX_AGE": None}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    OAUTH2_PROVIDER={"SCOPES": {"base": "who someone is"}, "ROTATE_REFRESH_TOKEN": True},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import AccessToken, Application, RefreshToken  # noqa: E402
from oauth2_provider.views import TokenView  # noqa: E402


@protected_resource(scopes=["base"])
def me(request):
    user = request.resource_owner
    return HttpResponse(
        json.dumps({"id": user.pk, "name": user.first_name, "email": user.email}, separators=(",", ":")),
        content_type="application/json",
    )


urlpatterns = [
    path("readyz", lambda request: JsonResponse({"ok": True})),
    path("me", me),
    path("token", csrf_exempt(TokenView.as_view())),
]
application = get_wsgi_application()


def fill(grants):
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
    app = Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris="http://localhost/callback",
        name="Bench",
    )
    ends = timezone.now() + timedelta(days=30)
    users = User.objects.bulk_create(
        [User(username=f"user-{n}", first_name=f"User {n}", email=f"user-{n}@load.example") for n in range(grants)]
    )
    people = list(User.objects.order_by("pk")) if users[0].pk is None else users
    tokens = [
        AccessToken(user=person, application=app, token=secrets.token_urlsafe(30), expires=ends, scope="base")
        for person in people
    ]
    AccessToken.objects.bulk_create(tokens)
    stored = list(AccessToken.objects.order_by("pk"))
    refreshing = [
        RefreshToken(user_id=each.user_id, application=app, access_token=each, token=secrets.token_urlsafe(30))
        for each in stored
    ]
    RefreshToken.objects.bulk_create(refreshing)
    return [each.token for each in stored], [each.token for each in refreshing]


def announce(facts):
    for _ in range(400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{facts['port']}/readyz")
            break
        except OSError:
            time.sleep(0.05)
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    access, refresh = fill(told["grants"])
    for name, lines in (("accessTokens", access), ("refreshTokens", refresh)):
        with open(told[name], "w") as file:
            file.write("\n".join(lines) + "\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    facts = {"port": port, "userinfo": "/me", "token": "/token", "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
    os.environ["PEER_DATABASE"] = database
    connection.close()
    # One process as all others have one. This kind of worker keeps connections open, which the plain one does not; with more
    # threads than one its refreshes fail, since SQLite is locked.
    served = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", "1", "--keep-alive", "60"]
    if os.fork() == 0:
        announce(facts)
        os._exit(0)
    os.execvp("gunicorn", ["gunicorn", "--chdir", os.path.dirname(os.path.abspath(__file__)), *served, "django_peer"])
