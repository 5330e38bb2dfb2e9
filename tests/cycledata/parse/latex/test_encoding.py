"""Texts in encodings that no file names."""

import pytest

from cycledata.parse.latex.encoding import decode_texts

CHINESE = "本文研究神经网络的泛化能力，并给出一个新的上界。" * 3
JAPANESE = "この論文ではニューラルネットワークについてのべる。" * 3
TRADITIONAL = "我們提出一種新的方法並且進行實驗與分析。"
KOREAN = "우리는 새로운 방법을 제안하고 실험을 수행한다."
FRENCH = "L'été dernier, où le maître était là, ça a été décidé à l'école." * 3

RUSSIAN = "Мы предлагаем новый метод обучения нейронных сетей."


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (TRADITIONAL, "big5"),
        (KOREAN, "cp949"),
        ("% coding: big5\n" + "研究神經網路" * 5, "big5"),
    ],
    ids=[
        "chinese",
        "shift-jis",
        "euc-jp",
        "french",
        "cp1251",
        "koi8-r",
        "cp866",
        "big5",
        "korean",
        "declared",
    ],
)
def test_an_encoding_is_guessed_from_its_bytes(text: str, codec: str) -> None:
    texts, warnings = decode_texts({"a.tex": text.encode(codec)})
    assert texts["a.tex"] == text
    assert [warning.rule for warning in warnings] == ["guessed-encoding"]


def test_a_letter_that_bibtex_cut_leaves_the_others_whole() -> None:
    data = b"\\bibitem[" + b"\xc5\xc3" + "19]{k} Ewa Żak and Bo Ångström".encode()
    texts, warnings = decode_texts({"a.bbl": data})
    assert texts["a.bbl"].endswith("{k} Ewa Żak and Bo Ångström")
    assert "UTF-8 with cp1252 between: 2 bytes" in warnings[0].detail
