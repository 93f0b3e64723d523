"""A language into the few words that a book does not have and a listener needs: table, note, web address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.errors import MissingLanguage
from synth.voices import primary_tag


@dataclass(frozen=True, slots=True)
class Announcements:
    """What is said for things that are written for the eye; pairs are (one, several)."""

    dot: str
    slash: str
    at: str
    web_address: str
    mail_address: str
    citation: tuple[str, str]
    reference: tuple[str, str]
    table: str
    column: tuple[str, str]
    row: tuple[str, str]
    picture: str
    note: str
    code: str
    formula: str

    def table_of(self, columns: int, rows: int) -> str:
        """Table, 3 columns, 4 rows."""
        return f"{self.table}, {columns} {self.column[columns != 1]}, {rows} {self.row[rows != 1]}"


def announcements(language: str) -> Announcements:
    """The words of a language (BCP 47), English ones where there are none."""
    return _WORDS.get(primary_tag(language), _WORDS["en"])


def check_language(language: str) -> None:
    """Make sure that text of a language (BCP 47) can be turned into spoken text.

    Raises:
        MissingLanguage: there are no rules for it.
    """
    if primary_tag(language) not in LANGUAGES:
        raise MissingLanguage(
            f"There are no rules for text in “{language}”",
            f"Choose {', '.join(LANGUAGES)}, or one of these with its region, such as en-gb",
        )


_WORDS: Final = {
    "en": Announcements(
        "dot", "slash", "at", "web address", "mail address", ("citation", "citations"),
        ("reference", "references"), "Table", ("column", "columns"), ("row", "rows"), "Picture", "Note",
        "Program code", "formula",
    ),
    "es": Announcements(
        "punto", "barra", "arroba", "dirección web", "correo electrónico", ("cita", "citas"),
        ("referencia", "referencias"), "Tabla", ("columna", "columnas"), ("fila", "filas"), "Imagen", "Nota",
        "Código de programa", "fórmula",
    ),
    "fr": Announcements(
        "point", "barre", "arobase", "adresse web", "adresse électronique", ("citation", "citations"),
        ("référence", "références"), "Tableau", ("colonne", "colonnes"), ("ligne", "lignes"), "Image", "Note",
        "Code de programme", "formule",
    ),
    "hi": Announcements(
        "डॉट", "स्लैश", "ऐट", "वेब पता", "ईमेल पता", ("उद्धरण", "उद्धरण"), ("संदर्भ", "संदर्भ"), "तालिका",
        ("स्तंभ", "स्तंभ"), ("पंक्ति", "पंक्तियाँ"), "चित्र", "टिप्पणी", "प्रोग्राम कोड", "सूत्र",
    ),
    "it": Announcements(
        "punto", "barra", "chiocciola", "indirizzo web", "indirizzo di posta", ("citazione", "citazioni"),
        ("riferimento", "riferimenti"), "Tabella", ("colonna", "colonne"), ("riga", "righe"), "Immagine",
        "Nota", "Codice di programma", "formula",
    ),
    "ja": Announcements(
        "ドット", "スラッシュ", "アット", "ウェブアドレス", "メールアドレス", ("引用", "引用"),
        ("文献", "文献"), "表", ("列", "列"), ("行", "行"), "図", "注", "プログラムコード", "数式",
    ),
    "pt": Announcements(
        "ponto", "barra", "arroba", "endereço na web", "correio eletrônico", ("citação", "citações"),
        ("referência", "referências"), "Tabela", ("coluna", "colunas"), ("linha", "linhas"), "Imagem", "Nota",
        "Código de programa", "fórmula",
    ),
    "zh": Announcements(
        "点", "斜杠", "艾特", "网址", "邮箱地址", ("引文", "引文"), ("参考文献", "参考文献"), "表格",
        ("列", "列"), ("行", "行"), "图片", "注", "程序代码", "公式",
    ),
}  # fmt: skip
LANGUAGES: Final = tuple(_WORDS)
