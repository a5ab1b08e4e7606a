"""Where a fault happens: seeded points among the events of a process."""


def spread(chaos, events, count):
    """Seeded points over a process: one in each of `count` stretches of equal length."""
    length = len(events) / count
    return [int(chaos.rng.uniform(number * length, (number + 1) * length)) for number in range(count)]


def message_points(chaos, events, count):
    """Points between the first statement about a message and the last: two of three where it talks or commits.

    :param events: of a process that sent several messages; the second of them is taken
    :return: list of (point, name of the event)
    """
    dots = [number for number, name in enumerate(events) if name == "mail dot answered"]
    whole = range(dots[0] + 1, dots[1] + (dots[1] - dots[0]) // 2)
    talk = [number for number in whole if events[number] != "statement"]
    statements = [number for number in whole if events[number] == "statement"]
    chosen = chaos.rng.sample(talk, min(len(talk), count * 2 // 3))
    chosen += chaos.rng.sample(statements, min(len(statements), count - len(chosen)))
    # Counted from the first answer: how many messages are made ready before it differs from process to process.
    return [(("mail dot answered", 0, number - dots[0]), events[number]) for number in chosen]
