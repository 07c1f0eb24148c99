"""`lotsenbot city …`: the folder of another municipality."""

from __future__ import annotations

from typing import Annotated

import typer

from locales.defects import editors_language, sentence

city_cli = typer.Typer(no_args_is_help=True, help="The cities: a folder each, with what is true there only.")


@city_cli.command("new")
def city_new(name: Annotated[str, typer.Argument(help="The city's name, for example 'Bad Iburg'.")]) -> None:
    """Make a folder with commented templates for another city; never changes one that is there."""
    from bot.cities import new_city

    folder = new_city(name)
    for step in (
        sentence("{folder} is there. Next:", folder=folder),
        sentence("1. Fill in the Land and the web page in city.yaml, and the town hall's phone in contacts.yaml."),
        sentence(
            "2. lotsenbot faq check --city {city}   says what is missing, the most useful first.", city=folder.name
        ),
        sentence(
            "3. CITY={city} lotsenbot chat   shows how it answers. Until a fact is there, people are sent to the town hall.",
            city=folder.name,
        ),
    ):
        print(step.said(editors_language()))
