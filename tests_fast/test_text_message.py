from engine.text_message import international, is_mobile, plain, segments


def test_one_segment_ends_at_160():
    assert [segments("a" * size) for size in (0, 1, 160, 161, 306, 307)] == [0, 1, 1, 2, 2, 3]


def test_the_euro_sign_takes_two_places():
    assert segments("€" * 80) == 1
    assert segments("€" * 80 + "a") == 2


def test_one_foreign_character_makes_it_dearer():
    assert segments("a" * 70 + "я") == 2
    assert segments("a" * 69 + "я") == 1


def test_typography_does_not_make_it_dearer():
    assert plain("1\u202f234,56 € d\u2019août, ê ç œ") == "1 234,56 € d'aout, e c oe"
    assert plain("à é è ü ß Ç") == "à é è ü ß Ç"


def test_numbers_as_people_write_them():
    assert international("0470 12 34 56") == "+32470123456"
    assert international("+32 (0)470/12.34.56") == "+32470123456"
    assert international("0032 470 12 34 56") == "+32470123456"
    assert international("32470123456") == "+32470123456"
    assert international("06 12 34 56 78", "33") == "+33612345678"
    assert international("on request") == ""


def test_only_mobile_numbers_of_belgium():
    assert is_mobile("+32470123456")
    assert is_mobile("+32456789012")
    assert not is_mobile("+3225551234")
    assert not is_mobile("+3247012345")
    assert not is_mobile("0470123456")
    assert not is_mobile("+32")
    assert is_mobile("+33612345678")
