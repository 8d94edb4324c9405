"""Names in one file that another file lacks: what settings and tokens say of services, queues and sites.

Both files can be used so: nothing is told to a webhook of a service that there is not, and nobody logs in to a queue
that no site has. So it is a warning; and the routing file may come to have the name later.
"""

from collections.abc import Iterable, Mapping

from ccrouter.config.document import Document, Path
from ccrouter.config.problems import suggest
from ccrouter.config.tokens import Token
from ccrouter.config.webhooks import Webhook
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.rules import Rules


def strange_services(document: Document, webhooks: Iterable[Webhook], rules: Rules) -> None:
    """Note in the settings the services of webhooks that the routing file lacks."""
    for number, webhook in enumerate(webhooks):
        for place, name in _written(document, ("webhooks", number, "services")).items():
            if name not in rules.services:
                message = f"the routing file has no service `{name}`, so {webhook.name} is told of none of its calls"
                document.blame(place, "S124", message, suggest(name, list(rules.services)))


def strange_places(document: Document, tokens: Iterable[Token], rules: Rules) -> None:
    """Note in the file of tokens the queues and sites that the routing file lacks."""
    queues = sorted({site.queue for site in rules.sites.values() if isinstance(site, InHouse)})
    for token in tokens:
        where: Path = ("tokens", token.name)
        for place, name in _written(document, (*where, "queues")).items():
            if name not in queues:
                message = f"no site of the routing file has a queue `{name}`, so {token.name} can't log in to it"
                document.blame(place, "S145", message, suggest(name, queues))
        if token.role == "site" and token.of not in rules.sites:
            message = f"the routing file has no site `{token.of}`, so the token of {token.name} shows nothing"
            document.blame((*where, "site"), "S146", message, suggest(token.of, list(rules.sites)))


def _written(document: Document, path: Path) -> Mapping[Path, str]:
    """Return the names in a list, or the one that stands for it, by their places."""
    found = document.get(path)
    if isinstance(found, list):
        return {(*path, number): str(name) for number, name in enumerate(found)}
    return {} if found is None else {path: str(found)}
