"""What REDbot has to say about a GET: one line of JSON with its level for each of its notes.

    python redbot_notes.py URL [NAME:VALUE]…        header fields to send

REDbot's own command sends no header fields, and its event loop ends with the process.
"""

import configparser
import json
import sys

import thor
from redbot.resource import HttpResource


def notes(found):
    for note in found:
        yield {"level": note.level.name, "note": type(note).__name__, "summary": note.summary}
        yield from notes(note.subnotes)


def main(url, *fields):
    configuration = configparser.ConfigParser()
    configuration.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(configuration["redbot"])
    resource.set_request(url, headers=[tuple(field.split(":", 1)) for field in fields])

    @thor.events.on(resource)
    def check_done():
        thor.stop()

    resource.check()
    thor.run()
    if resource.fetch_error:
        sys.exit(f"{url} could not be fetched: {resource.fetch_error}")
    for note in notes(resource.response.notes):
        print(json.dumps(note))


if __name__ == "__main__":
    main(*sys.argv[1:])
