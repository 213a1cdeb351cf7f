"""Waiting for what takes a moment."""

import time


def wait_for(what, patience=8):
    """The first true answer of a question that is asked again and again."""
    end = time.monotonic() + patience
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def until(page, expression, patience=8):
    """Waits until an expression is true in a page, without the evaluation that the page's policy forbids."""
    return wait_for(lambda: page.evaluate(expression), patience)
