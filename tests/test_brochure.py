"""A guide brochure becomes drafts: read from print, Word and the web, compared with the FAQ, and never more than a draft."""

from __future__ import annotations

import difflib
import hashlib
import random
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
import yaml
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from playwright.sync_api import Browser

from bot.errors import Refused
from bot.importing import Brochure, Draft, free_path, read_brochure, write_drafts
from bot.importing.blocks import Block, Unreadable, joined
from bot.importing.contained import read_file
from bot.importing.found import details, issue_date, numbers
from bot.importing.matching import match
from bot.importing.report import report
from bot.understand import load_matcher
from faq import ROOT, Catalogue
from faq.values import parse_value
from tests.browser import one_browser
from tests.server import Server

SOURCE = Path(__file__).parent / "brochure" / "brochure.html"
HEADER = '<div style="font-size:8pt;margin-left:15mm">Wegweiser Musterstadt</div>'
FOOTER = '<div style="font-size:8pt;width:100%;text-align:center">– <span class="pageNumber"></span> –</div>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser that prints."""
    with one_browser() as browser:
        yield browser


def print_page(browser: Browser, html: str, path: Path) -> Path:
    """A web page as PDF, with a running title and page numbers."""
    page = browser.new_page()
    page.set_content(html)
    page.pdf(
        path=path, prefer_css_page_size=True, display_header_footer=True, header_template=HEADER, footer_template=FOOTER
    )
    page.close()
    return path


@pytest.fixture(scope="module")
def printed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The brochure as PDF: two columns, divided words, a running title, a table, frames."""
    return print_page(browser, SOURCE.read_text(encoding="utf-8"), tmp_path_factory.mktemp("print") / "wegweiser.pdf")


@pytest.fixture(scope="module")
def brochure(printed: Path, catalogue: Catalogue) -> Brochure:
    """The printed brochure, read."""
    return read_brochure(printed, catalogue, load_matcher().understand)


@pytest.fixture(scope="module")
def drafts(brochure: Brochure) -> dict[str, Draft]:
    """Its drafts by id."""
    return {draft.id: draft for draft in brochure.drafts}


def blocks(path: Path) -> tuple[Block, ...]:
    """What a file was read as."""
    return read_file(path, lambda page, of: None).blocks


# ---- the printed brochure


def test_every_heading_with_text_becomes_a_draft_with_its_page(drafts: dict[str, Draft]) -> None:
    assert {id_: draft.page for id_, draft in drafts.items()} == {
        "wohnung-anmelden": 3,
        "kindergeld": 3,
        "deutsch-lernen": 3,
        "eine-aerztin-finden": 4,
        "das-reparaturcafe-der-nachbarschaft": 4,
        "ferienbetreuung": 4,
    }


def test_title_date_and_what_is_no_entry_are_recognised(brochure: Brochure) -> None:
    assert (brochure.title, brochure.pages) == ("Willkommen in Musterstadt", 4)
    assert {draft.as_of for draft in brochure.drafts} == {"2026-03"}
    assert set(brochure.left_out) == {"Willkommen in Musterstadt", "Inhalt"}


def test_text_is_whole_across_columns_and_divided_words_without_running_titles(drafts: dict[str, Draft]) -> None:
    everything = "\n".join(f"{draft.lead}\n{draft.more}" for draft in drafts.values())
    assert "Bringen Sie Ihren Reisepass und die Wohnungsgeberbestätigung mit, die Ihr Vermieter" in everything
    assert "Sie brauchen dafür die steuerlichen Identifikationsnummern des Kindes und eines Elternteils." in everything
    assert "Wegweiser" not in everything
    assert "...." not in everything
    assert "\u00ad" not in everything


def test_lists_and_tables_stay_legible(drafts: dict[str, Draft]) -> None:
    assert "Reisepass oder Personalausweis" in drafts["wohnung-anmelden"].more.splitlines()
    assert "Alphabetisierung | 12 Monate | 2,29 Euro je Stunde" in drafts["deutsch-lernen"].more.splitlines()


def test_a_frame_with_an_office_becomes_a_contact_and_leaves_the_text(drafts: dict[str, Draft]) -> None:
    [contact] = drafts["wohnung-anmelden"].contacts
    assert contact["name"] == "Einwohneramt Musterstadt"
    assert contact["address"] == "Am Musterwall 12, 12345 Musterstadt"
    assert (contact["phone"], contact["email"]) == ("+493023125014", "einwohneramt@stadt.example.org")
    assert contact["opening_hours"] == "Mo-Fr 08:00-12:00, Th 14:00-18:00"
    assert "23125" not in drafts["wohnung-anmelden"].more


def test_days_beside_hours_are_read_as_opening_hours(drafts: dict[str, Draft]) -> None:
    [contact] = drafts["das-reparaturcafe-der-nachbarschaft"].contacts
    assert contact["opening_hours"] == "Mo off; Tu 15:00-18:00; We 15:00-18:00; Sa 10:00-13:30"


def test_a_number_inside_a_sentence_stays_there_and_is_a_doubtful_contact(drafts: dict[str, Draft]) -> None:
    draft = drafts["kindergeld"]
    [contact] = draft.contacts
    assert (contact["phone"], contact["web"]) == ("+492214710123", "www.example.org/kindergeld")
    assert contact["opening_hours"] == "Mo-Fr 08:00-18:00"
    assert "Telefon 0221 4710-123" in draft.more
    assert any("inside a sentence" in doubt for doubt in draft.doubts)


def test_a_contact_we_have_is_named_by_its_id(drafts: dict[str, Draft], catalogue: Catalogue) -> None:
    [contact] = drafts["eine-aerztin-finden"].contacts
    assert catalogue.contacts[contact["id"]].phone == "116117"


def test_numbers_wait_to_become_facts_in_our_own_notation(drafts: dict[str, Draft]) -> None:
    found = {number["text"]: number.get("value", "") for draft in drafts.values() for number in draft.facts_to_enter}
    assert found["zwei Wochen"] == "2 weeks"
    assert found["1.000 Euro"] == "1000 EUR"
    assert found["6 bis 12 Jahren"] == "6-12 years"
    assert found["31. Mai 2026"] == "2026-05-31"
    assert "B1" not in found
    for value in filter(None, found.values()):
        parse_value(value)


def test_sure_headings_get_their_topic_and_near_ones_their_candidates(
    brochure: Brochure, drafts: dict[str, Draft]
) -> None:
    assert drafts["wohnung-anmelden"].topic == "register-address"
    assert drafts["kindergeld"].topic == "child-benefit"
    assert drafts["ferienbetreuung"].topic is None
    assert "childcare" in brochure.near["ferienbetreuung"]
    assert any("childcare" in doubt for doubt in drafts["ferienbetreuung"].doubts)


HEADINGS: list[tuple[str, str, set[str]]] = [  # heading, text, topics that would be right
    ("Integrationskurse", "Der Kurs bringt Ihnen Sprache und Leben in Deutschland näher.", {"integration-course"}),
    ("Arbeitssuche", "Die Agentur für Arbeit hilft Ihnen kostenlos, eine Stelle zu finden.", {"find-job"}),
    ("Wohnungssuche", "Bezahlbare Wohnungen sind knapp. Suchen Sie im Internet.", {"find-flat"}),
    ("Kindertagesstätten", "Jedes Kind hat Anspruch auf einen Platz in einer Kita.", {"childcare"}),
    ("Krankenversicherung", "In Deutschland müssen alle krankenversichert sein.", {"health-insurance"}),
    ("Mülltrennung", "Papier, Bioabfall, Verpackungen und Restmüll kommen in verschiedene Tonnen.", {"waste-separation"}),
    ("Führerschein", "Ihr ausländischer Führerschein gilt eine gewisse Zeit.", {"driving-licence"}),
    ("Einbürgerung", "Nach einigen Jahren können Sie die Staatsangehörigkeit beantragen.", {"citizenship"}),
    ("Schuldnerberatung", "Wenn Rechnungen offen bleiben, hilft die Schuldnerberatung.", {"debt-advice"}),
    ("Stadtbibliothek", "Mit dem Ausweis leihen Sie Bücher und Filme in vielen Sprachen.", {"library"}),
    ("Zahnarzt", "Gehen Sie einmal im Jahr zur Vorsorge in die Zahnarztpraxis.", {"dentist"}),
    ("Sprachmittler", "Für schwierige Gespräche können Sie einen Dolmetscher bekommen.", {"interpreter"}),
    ("Frauenhaus", "Frauen, die zu Hause Gewalt erleben, finden hier Schutz.", {"violence-help"}),
    ("Vorwort der Oberbürgermeisterin", "Liebe Neubürgerinnen und Neubürger, herzlich willkommen.", set()),
    ("Friedhöfe und Bestattung", "Die Stadt hat Friedhöfe, auch mit Grabfeldern für Muslime.", set()),
    ("Wetter und Kleidung", "Im Winter ist es kalt und nass. Kaufen Sie feste Schuhe.", set()),
]  # fmt: skip


def test_of_usual_headings_most_find_their_topic_and_none_a_wrong_one(catalogue: Catalogue) -> None:
    titles = {catalogue.title(topic, "de").casefold(): topic for topic in catalogue.topics}
    found = {title: match(title, text, load_matcher().understand, "de", titles).topic for title, text, _ in HEADINGS}
    wrong = [title for title, _, right in HEADINGS if found[title] and found[title] not in right]
    sure = [title for title, _, right in HEADINGS if right and found[title] in right]
    assert wrong == []
    assert len(sure) >= 11


# ---- reading order


SENTENCES = [
    "Die Be­ra­tung ist kos­ten­los und ver­trau­lich.",
    "Brin­gen Sie bit­te Ih­ren Rei­se­pass und die Ver­si­cher­ten­kar­te mit.",
    "Wer noch kei­nen Ter­min hat, kann sich on­line oder te­le­fo­nisch an­mel­den.",
    "Fra­gen Sie nach Vor- und Nach­tei­len der E-Mail-Be­ra­tung.",
    "Das kostet 25 Euro.",
]
TITLES = ["Kindergarten", "Schule und Ausbildung", "Arbeit finden", "Gesundheit", "Sport", "Bücherei"]


def any_brochure(seed: int) -> str:
    """A brochure of random make: one to three columns, full or ragged lines, lists, tables and frames."""
    pick = random.Random(seed)
    size, paper = pick.choice([9, 10, 11]), pick.choice(["A4", "A5"])

    def paragraph() -> str:
        return f"<p>{' '.join(pick.choice(SENTENCES) for _ in range(pick.randint(2, 7)))}</p>"

    def points() -> str:
        return f"<ul>{''.join(f'<li>{pick.choice(SENTENCES)[:-1]}</li>' for _ in range(3))}</ul>"

    def table() -> str:
        rows = [(pick.choice(TITLES), f"{pick.randint(1, 99)} Euro", pick.choice(["ja", "nein"])) for _ in range(3)]
        return (
            f"<table>{''.join('<tr>' + ''.join(f'<td>{cell}</td>' for cell in row) + '</tr>' for row in rows)}</table>"
        )

    def frame() -> str:
        return f'<div class="frame"><b>Amt {pick.randint(1, 9)} im Rathaus</b><br>Weg {pick.randint(1, 99)}<br>12345 Ort</div>'

    chapters = ""
    for letter in "ABC":
        columns = pick.choice(["c1", "c2", "c2", "c3"] if paper == "A4" else ["c1", "c2"])
        parts = [paragraph, paragraph, points, frame, *([table] if columns != "c3" else [])]
        sections = "".join(
            f"<h2>{pick.choice(TITLES)}</h2>{''.join(pick.choice(parts)() for _ in range(pick.randint(1, 4)))}"
            for _ in range(pick.randint(3, 6))
        )
        chapters += f'<section class="{pick.choice(["full", "ragged"])}"><h1>Kapitel {letter}</h1><div class="{columns}">{sections}</div></section>'
    style = (
        f"@page{{size:{paper};margin:18mm 12mm}} body{{font:{size}pt/{pick.choice([1.15, 1.3, 1.5])} {pick.choice(['serif', 'sans-serif'])}}}"
        f"section{{break-before:page}} .c3{{columns:3;column-gap:5mm}} .c2{{columns:2;column-gap:6mm}} .full{{text-align:justify}}"
        f"h1{{font-size:{1.8 * size}pt}} h2{{font-size:{1.3 * size}pt;margin:3mm 0 1mm;break-after:avoid}}"
        "h2,ul,.frame{text-align:left} p,ul,table{margin:0 0 1.5mm} ul{padding-left:5mm} tr,.frame{break-inside:avoid}"
        "table{border-collapse:collapse;width:100%} td{border:1px solid;padding:1mm} .frame{border:1px solid;padding:1mm;margin-bottom:2mm}"
    )
    return f'<!doctype html><html lang="de"><meta charset="utf-8"><style>{style}</style><body>{chapters}</body></html>'


@pytest.mark.parametrize("seed", range(6))
def test_a_printed_page_reads_like_the_web_page_it_was_printed_from(
    browser: Browser, tmp_path: Path, seed: int
) -> None:
    html = any_brochure(seed)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    print_page(browser, html, tmp_path / "page.pdf")
    web, print_ = (
        " ".join(block.text for block in blocks(tmp_path / f"page.{kind}")).split() for kind in ("html", "pdf")
    )
    changes = [change for change in difflib.ndiff(web, print_) if change[0] in "+-"]
    assert changes == []


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("die Woh-", "nung", "die Wohnung"),
        ("Vor-", "und Nachname", "Vor- und Nachname"),
        ("E-Mail-", "Adresse", "E-Mail-Adresse"),
        ("0541 323-", "3000", "0541 323-3000"),
        ("Aufenthalts‐", "erlaubnis", "Aufenthaltserlaubnis"),
        ("gut –", "besser", "gut – besser"),
    ],
)
def test_words_divided_at_the_end_of_a_line_are_whole_again(before: str, after: str, whole: str) -> None:
    assert joined(before, after) == whole


# ---- Word and the web


def make_docx(path: Path) -> Path:
    """A brochure somebody wrote in Word: half with styles, half by making words bold."""
    word = docx.Document()
    word.core_properties.title = "Neu bei uns"
    word.add_heading("Wohnen", 1)
    word.add_heading("Wohngeld", 2)
    paragraph = word.add_paragraph("Wohngeld hilft, wenn die Miete zu hoch ist")
    paragraph._p.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText> (gestrichen)</w:delText></w:r></w:del>"))
    paragraph._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>, auch für kurze Zeit.</w:t></w:r></w:ins>"))
    word.add_paragraph("Mietvertrag", style="List Bullet")
    word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    word.add_paragraph().add_run("Bücherei").bold = True
    word.add_paragraph("Leihen Sie Bücher in vielen Sprachen.")
    table = word.add_table(2, 2)
    for number, text in enumerate(("Erwachsene", "15 Euro", "Kinder", "kostenlos")):
        table.cell(number // 2, number % 2).text = text
    word.save(str(path))
    return path


def test_a_word_document_is_read_by_styles_bold_lines_lists_and_tables(tmp_path: Path) -> None:
    document = read_file(make_docx(tmp_path / "neu.docx"), lambda page, of: None)
    assert (document.title, document.pages) == ("Neu bei uns", 2)
    assert [(block.kind, block.text, block.page) for block in document.blocks] == [
        ("heading", "Wohnen", 1),
        ("heading", "Wohngeld", 1),
        ("text", "Wohngeld hilft, wenn die Miete zu hoch ist, auch für kurze Zeit.", 1),
        ("item", "Mietvertrag", 1),
        ("heading", "Bücherei", 2),
        ("text", "Leihen Sie Bücher in vielen Sprachen.", 2),
        ("row", "Erwachsene | 15 Euro", 2),
        ("row", "Kinder | kostenlos", 2),
    ]


def test_a_saved_web_page_is_read_without_menus_and_scripts(tmp_path: Path) -> None:
    path = tmp_path / "seite.html"
    path.write_text(
        "<html><head><title>Neu hier</title></head><body><nav>Start</nav><main><h1>Wohnen</h1><p>Ein <b>Satz</b>.</p>"
        "<ul><li>Pass</li></ul><address>Amt<br>Weg 1<br>12345 Ort</address><script>x()</script></main><footer>Ende</footer>",
        encoding="utf-8",
    )
    assert [(block.kind, block.text) for block in blocks(path)] == [
        ("heading", "Wohnen"),
        ("text", "Ein Satz."),
        ("item", "Pass"),
        ("text", "Amt\nWeg 1\n12345 Ort"),
    ]


# ---- files that cannot be read


def make_pdf(content: bytes, more: bytes = b"", trailer: bytes = b"") -> bytes:
    """One page, by hand."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        trailer,
        len(out),
    )


LOCKED = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>"
SOME_TEXT = b"BT /F 12 Tf 1 0 0 1 72 700 Tm (Ein Satz mit genug Buchstaben fuer eine Seite.) Tj ET"


def make_bomb() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file, file.open("word/document.xml", "w") as part:
        for _ in range(310):
            part.write(bytes(1_000_000))
    return packed.getvalue()


def make_laughs(path: Path) -> bytes:
    """A document whose entities would grow beyond measure and read a file of the machine."""
    packed, entities = BytesIO(), "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}<!ENTITY f SYSTEM "{Path(__file__).as_uri()}">]>'
        f"<w:document {nsdecls('w')}><w:body><w:p><w:r><w:t>&a11;&f;</w:t></w:r></w:p></w:body></w:document>"
    )
    with zipfile.ZipFile(make_docx(path)) as whole, zipfile.ZipFile(packed, "w") as file:
        for name in whole.namelist():
            file.writestr(name, text if name == "word/document.xml" else whole.read(name))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("scan.pdf", make_pdf(b"0 0 m 100 100 l S"), "ocrmypdf"),
        ("locked.pdf", make_pdf(SOME_TEXT, trailer=LOCKED), "password"),
        ("broken.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 40, "damaged"),
        ("empty.pdf", b"", "empty"),
        ("page.pdf", b"<html>not a PDF</html>", "not what its ending says"),
        ("brochure.odt", b"x", "no PDF, .docx or .html"),
        ("broken.docx", b"PK\x03\x04 and then nothing", "damaged"),
        ("bomb.docx", make_bomb(), "unusual size"),
        ("empty.html", b"<html><script>1</script></html>", "no text"),
        ("deep.html", b"<html><body>" + b"<div>" * 50_000 + b"x", "no text"),
    ],
)
def test_what_cannot_be_read_gets_one_sentence_that_says_how_to_mend_it(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=words) as refused:
        blocks(tmp_path / name)
    assert len(str(refused.value)) < 250


def test_a_whole_page_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.pdf").write_bytes(make_pdf(zlib.compress(SOME_TEXT), b"/Filter/FlateDecode"))
    assert [block.text for block in blocks(tmp_path / "one.pdf")] == ["Ein Satz mit genug Buchstaben fuer eine Seite."]


def test_entities_of_a_document_are_never_followed(tmp_path: Path) -> None:
    (tmp_path / "laughs.docx").write_bytes(make_laughs(tmp_path / "whole.docx"))
    with pytest.raises(Unreadable):
        blocks(tmp_path / "laughs.docx")


def test_a_page_that_takes_too_long_is_named(printed: Path) -> None:
    with pytest.raises(Unreadable, match="Page 1 takes longer"):
        read_file(printed, lambda page, of: None, seconds=0.001)


# ---- details


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Tel.: 0541/323-3000", "phone", "+495413233000"),
        ("Telefax 0541 323-1234", "fax", "+495413231234"),
        ("unter der Nummer 116 117", "phone", "116117"),
        ("kontakt (at) verein.example.org", "email", "kontakt@verein.example.org"),
        ("siehe https://www.example.org/a/.", "web", "www.example.org/a"),
        ("An der Kirche 3-5, D-49074 Osnabrück", "address", "An der Kirche 3-5, 49074 Osnabrück"),
        ("Straße des 17. Juni 135 | 10623 Berlin", "address", "Straße des 17. Juni 135, 10623 Berlin"),
    ],
)
def test_details_are_found_in_the_form_our_files_use(text: str, kind: str, value: str) -> None:
    [find] = details(text)
    assert (find.kind, find.value) == (kind, value)
    assert text[find.start : find.end] == find.text


@pytest.mark.parametrize(
    "text", ["10000 Euro für 50000 Menschen", "Sa.So 10-12", "z.B. am Dienstag", "110 Euro", "12.03.2026"]
)
def test_numbers_and_abbreviations_are_no_details(text: str) -> None:
    assert details(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("§ 24 AufenthG", "code § 24 AufenthG"), ("5 bis 10 Tage", "5-10 days"), ("15,- Euro", "15 EUR"), ("0049", "")],
)
def test_numbers_become_values_where_that_is_sure(text: str, value: str) -> None:
    assert [number.value for number in numbers(text, details(text))] == [value]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Stand: März 2026", "2026-03"),
        ("Stand 05/2025", "2025-05"),
        ("Stand: 1.2.2026", "2026-02-01"),
        ("im Stand", ""),
    ],
)
def test_the_date_of_a_brochure_is_the_one_it_gives_itself(text: str, date: str) -> None:
    assert issue_date(text) == date


# ---- the file of drafts, and the command


def test_drafts_are_yaml_that_editors_and_programs_read(brochure: Brochure, tmp_path: Path) -> None:
    path = tmp_path / "drafts.yaml"
    write_drafts(path, brochure.drafts, "Oben steht,\nwoher das kommt.")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list(content) == [draft.id for draft in brochure.drafts]
    assert path.read_text(encoding="utf-8").startswith(
        "# Oben steht,\n# woher das kommt.\n\nwohnung-anmelden:\n  topic: register-address\n"
    )
    for entry in content.values():
        keys = ["topic", "title", "lead", "more", "source", "as_of", "page", "reviewed", "doubts", "contacts"]
        assert [key for key in entry if key != "facts_to_enter"] == keys
        assert entry["reviewed"] is False
        assert (entry["source"], entry["as_of"]) == ("Willkommen in Musterstadt", "2026-03")
    assert content["ferienbetreuung"]["topic"] is None
    assert content["wohnung-anmelden"]["contacts"][0]["phone"] == "+493023125014"


def test_nothing_is_overwritten_and_nothing_goes_into_the_faq(brochure: Brochure, tmp_path: Path) -> None:
    first = free_path(Path("wegweiser.pdf"), tmp_path)
    write_drafts(first, brochure.drafts, "")
    assert free_path(Path("wegweiser.pdf"), tmp_path).name == "wegweiser-2.yaml"
    with pytest.raises(Refused, match="stays as it is"):
        write_drafts(first, brochure.drafts, "")
    with pytest.raises(Refused, match="never go into faq"):
        write_drafts(ROOT / "de" / "new.yaml", brochure.drafts, "")
    assert not (ROOT / "de" / "new.yaml").exists()


def test_the_report_names_what_is_there_doubtful_and_new(brochure: Brochure, catalogue: Catalogue) -> None:
    text = report(brochure, Path("drafts/x.yaml"), catalogue, "en")
    assert "p. 3  Wohnung anmelden → register-address" in text
    assert "Ferienbetreuung: youth-services, childcare" in text
    assert "Left out: Willkommen in Musterstadt, Inhalt." in text
    assert len(text.splitlines()) < 20


def faq_files() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*.yaml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def test_the_command_writes_a_new_file_each_time_and_reports_in_german(tmp_path: Path, printed: Path) -> None:
    box, before = Server(tmp_path, {"LANG": "de_DE.UTF-8", "LC_ALL": ""}), faq_files()
    first, second = (box.run("import", "starterpack", str(printed)) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert [path.name for path in sorted((tmp_path / "drafts").iterdir())] == ["wegweiser-2.yaml", "wegweiser.yaml"]
    assert "Schon da" in first.stdout
    assert "Niemand hat sie geprüft" in (tmp_path / "drafts" / "wegweiser.yaml").read_text(encoding="utf-8")
    assert faq_files() == before


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(make_pdf(b"0 0 m 100 100 l S"))
    done = Server(tmp_path, {"LC_ALL": "C.UTF-8"}).run("import", "starterpack", "scan.pdf")
    assert (done.returncode, "ocrmypdf" in done.stderr, len(done.stderr.strip().splitlines())) == (1, True, 1)
    assert not (tmp_path / "drafts").exists()
