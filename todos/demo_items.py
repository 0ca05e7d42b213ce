"""What is in the demo account: the week of somebody with a household, a product launch and a garden."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """A todo of the demo: `day` counts from today, `at` is the clock of the account's time zone, `done` how many days ago."""

    title: str
    project: str = ""
    labels: tuple[str, ...] = ()
    priority: int = 0
    day: int | None = None
    at: str = ""
    remind: int | None = None  # minutes before `at`
    repeats: str = ""
    after_completion: bool = False
    notes: str = ""
    parts: tuple[str, ...] = ()
    done: int | None = None
    trashed: bool = False


COLOURS_OF_PROJECTS = {"Home": "#0f766e", "Spring launch": "#4f46e5", "Garden": "#65a30d", "Trip to Lisbon": "#ea580c"}
COLOURS_OF_LABELS = {
    "errand": "#b45309",
    "phone": "#0369a1",
    "waiting": "#6b7280",
    "deep work": "#7c3aed",
    "5 minutes": "#15803d",
    "reading": "#be185d",
    "money": "#a16207",
    "family": "#dc2626",
}

_LAUNCH_NOTES = """\
## What must be true on the day

1. The pricing page answers the **three questions** from the interviews.
2. Support knows the [new plans](https://example.com/plans).
3. Somebody is reachable until 22:00.

> Rehearse once, with the clock running.
"""
_RECIPE = """\
For eight people:

- 1.2 kg potatoes, waxy
- 4 onions
- `250 ml` stock, *not* too salty

Bake for 50 minutes at 190 °C.
"""
_REVIEW_NOTES = """\
- [ ] inbox empty
- [ ] calendar
- [ ] waiting for
"""
_LISBON_NOTES = """\
- Miradouro da Graça
- the *azulejo* museum
- tram 28, **early**
"""

ITEMS = (
    # Overdue
    Item("Renew the library cards", "Home", ("errand",), 3, day=-6),
    Item("Send the signed lease back", "Home", ("money",), 1, day=-2, notes="The original, by post. A scan is **not** enough."),
    Item("Reply to Mara about the venue", "Spring launch", ("phone",), 2, day=-1, at="16:00"),
    Item("Order replacement seals for the greenhouse", "Garden", ("errand",), day=-3),
    # Today
    Item("Water the seedlings", "Garden", ("5 minutes",), day=0, repeats="FREQ=DAILY"),
    Item("Stand-up with the launch team", "Spring launch", (), 2, day=0, at="09:30", remind=10, repeats="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    Item("Draft the announcement", "Spring launch", ("deep work",), 1, day=0, notes=_LAUNCH_NOTES),
    Item("Call the dentist", "Home", ("phone", "5 minutes"), 2, day=0, at="11:00", remind=15),
    Item("Pick up the parcel", "Home", ("errand",), day=0, at="18:00", remind=60),
    Item("Read twenty pages", "", ("reading",), 4, day=0, repeats="FREQ=DAILY"),
    # The next days
    Item("Potato gratin for Saturday", "Home", ("family",), day=2, notes=_RECIPE, parts=("Buy potatoes", "Borrow the large dish")),
    Item("Review the pricing page", "Spring launch", ("deep work",), 1, day=1, at="14:00", remind=30),
    Item("Record the product tour", "Spring launch", (), 2, day=3, parts=("Write the script", "Borrow the microphone", "Cut it")),
    Item("Book seats on the train", "Trip to Lisbon", ("money",), 2, day=1),
    Item("Take out the recycling", "Home", ("5 minutes",), day=1, repeats="FREQ=WEEKLY;INTERVAL=2"),
    Item("Dinner with Jonas and Edith", "Home", ("family",), day=4, at="19:30", remind=120),
    Item("Thin out the carrots", "Garden", (), 4, day=2),
    Item("Answer the open questions of the beta group", "Spring launch", ("waiting",), 3, day=2),
    Item("Change the bed linen", "Home", (), day=5, repeats="FREQ=WEEKLY;INTERVAL=2", after_completion=True),
    Item(
        "Weekly review",
        "",
        ("deep work",),
        2,
        day=6,
        at="17:00",
        remind=30,
        repeats="FREQ=WEEKLY",
        notes=_REVIEW_NOTES,
    ),
    # Later
    Item("Pay the quarterly insurance", "Home", ("money",), 1, day=12, repeats="FREQ=MONTHLY;INTERVAL=3"),
    Item("Rehearse the launch", "Spring launch", (), 1, day=9, at="10:00", remind=60),
    Item("Launch", "Spring launch", (), 1, day=14, at="08:00", remind=720),
    Item("Prune the apple tree", "Garden", (), 3, day=18),
    Item("Check passports", "Trip to Lisbon", ("family",), 1, day=8),
    Item("Ask the neighbours to water the garden", "Trip to Lisbon", ("phone",), day=20),
    Item("Descale the coffee machine", "Home", ("5 minutes",), 4, day=10, repeats="FREQ=MONTHLY", after_completion=True),
    Item("Replace the filter of the heat pump", "Home", (), 3, day=25, repeats="FREQ=MONTHLY;INTERVAL=6"),
    Item("Birthday card for Edith", "Home", ("family", "errand"), 2, day=16, repeats="FREQ=YEARLY"),
    Item("Dentist", "Home", (), day=30, at="08:15", remind=1440),
    # Some day
    Item("Pack", "Trip to Lisbon", (), parts=("Chargers", "Sun hats", "Sketchbook", "First-aid kit")),
    Item("Find a walk along the river", "Trip to Lisbon", ("reading",)),
    Item(
        "List of places from Ana",
        "Trip to Lisbon",
        ("waiting",),
        notes=_LISBON_NOTES,
    ),
    Item("Compare electricity tariffs", "Home", ("money",), 3),
    Item("Fix the squeaking door", "Home", ("5 minutes",), 4),
    Item("Build a second compost bin", "Garden", (), 4, parts=("Measure the corner", "Collect pallets")),
    Item("Plan the herb bed", "Garden", ("reading",)),
    Item("Write down what we learn from the launch", "Spring launch", ("deep work",), 3),
    Item("Thank the beta group", "Spring launch", ("waiting",)),
    Item("Learn the second movement", ""),
    Item("Idea: share a list with the family", "", ("family",)),
    Item("Look up the name of that film with the lighthouse", "", ("5 minutes",)),
    # Done
    Item("Choose the date", "Spring launch", (), 1, done=12),
    Item("Interview five customers", "Spring launch", ("deep work",), 2, done=9, parts=("Write the questions", "Make appointments")),
    Item("Book the flights", "Trip to Lisbon", ("money",), 1, done=7),
    Item("Sow tomatoes", "Garden", (), done=6),
    Item("Return the drill to Jonas", "Home", ("errand",), done=5),
    Item("Renew the domain", "Spring launch", ("money",), 1, done=4),
    Item("Tax documents to the accountant", "Home", ("money",), 2, done=3),
    Item("Repair the bicycle light", "Home", ("errand",), 3, done=2),
    Item("Sharpen the secateurs", "Garden", ("5 minutes",), done=1),
    Item("Groceries", "Home", ("errand",), done=1),
    Item("Reserve a table", "Trip to Lisbon", ("phone",), done=0),
    # In the trash
    Item("Buy a printer", "Home", ("errand",), trashed=True),
    Item("Sign up for the webinar", "", (), trashed=True),
)
