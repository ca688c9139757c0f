"""Prints a schemathesis.toml that names what a Mainstay at the given address holds.

Without it nearly every request for one object would name one that does not exist, and prove little. Every kind of object
that an import does not bring is made first. Ids are used for most requests, not all: a wrong one must be refused well.
"""

import json
import sys
import time
import urllib.error
import urllib.request

ADDRESS = sys.argv[1]
# The objects of each collection are made and deleted by other requests of the run; deleting the ones named here would
# leave nothing to ask for.
COLLECTIONS = {
    "alerts": "/api/v1/alerts",
    "checks": "/api/v1/checks",
    "deliveries": "/api/v1/deliveries",
    "imports": "/api/v1/imports",
    "slos": "/api/v1/slos",
    "webhooks": "/api/v1/webhooks",
}


def call(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(ADDRESS + path, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{request.method or 'GET/POST'} {path} answered {error.code}: {error.read().decode()}")


def items(path):
    return call(f"{path}?limit=10")["items"]


def eventually(path):
    """The objects of a collection that Mainstay fills by itself."""
    end = time.monotonic() + 60
    while not (found := items(path)):
        if time.monotonic() > end:
            sys.exit(f"{path} is still empty after a minute")
        time.sleep(0.1)
    return found


def main():
    webhook = call("/api/v1/webhooks", {"name": "nobody", "url": "https://nobody.invalid/hook"})
    call(f"/api/v1/webhooks/{webhook['id']}/test", {})
    call("/api/v1/silences", {"reason": "a rehearsal", "service": "web", "ends_at": "2100-01-01T00:00:00Z"})
    window = {"reason": "a rehearsal", "service": "main", "starts_at": "2100-01-01T00:00:00Z"}
    call("/api/v1/maintenance", window | {"ends_at": "2100-01-01T01:00:00Z"})

    services = [service["name"] for service in eventually("/api/v1/services")]
    lines = [f"dictionaries.services.values = {json.dumps(services)}"]
    operations = []
    for name, path in COLLECTIONS.items():
        ids = [each["id"] for each in eventually(path)]
        lines.append(f"dictionaries.{name}.values = {json.dumps(ids)}")
        operations += [
            "",
            "[[operations]]",
            f"include-path-regex = '^{path}/\\{{id\\}}'",
            "exclude-method = 'DELETE'",
            f"parameters.'path.id' = {{ dictionary = '{name}', probability = 0.8 }}",
        ]
    for path in ("services", "service-states"):
        operations += [
            "",
            "[[operations]]",
            f"include-path-regex = '^/api/v1/{path}/\\{{name\\}}'",
            "exclude-method = 'DELETE'",
            "parameters.'path.name' = { dictionary = 'services', probability = 0.8 }",
        ]
    lines += [
        "dictionaries.environments.values = ['production']",
        "parameters.'query.environment' = { dictionary = 'environments', probability = 0.8 }",
        "parameters.'query.service' = { dictionary = 'services', probability = 0.5 }",
    ]
    print("\n".join(lines + operations))


main()
