"""What looks like an identity, and what does not. All people, numbers and addresses are made up."""

import csv
import time
from pathlib import Path

import pytest

from leavs.reports.identities import Kind, is_person, kinds_in
from places import ROOT

FOUND = [
    (Kind.NAME, "Name: John Smith"),
    (Kind.NAME, "NAME: DOE, JANE A."),
    (Kind.NAME, "Patient name: Müller"),
    (Kind.NAME, "patient name: jane roe"),
    (Kind.NAME, "Patient's name = O'Brien, Mary-Anne"),
    (Kind.NAME, "Patient: Smith, John"),
    (Kind.NAME, "Age 50 | Patient: Jane Roe | CT"),
    (Kind.NAME, "Referring physician: Jane B. Roe"),
    (Kind.NAME, "ATTENDING: ROE, JANE"),
    (Kind.NAME, "The liver is normal.\nElectronically signed by: J. Roe"),
    (Kind.NAME, "Dictated by Jane Roe on Monday"),
    (Kind.NAME, "Discussed with Dr. Roe at 14:20."),
    (Kind.NAME, "Discussed with Dr J. Roe."),
    (Kind.NAME, "DISCUSSED WITH DR. ROE BY PHONE."),
    (Kind.NAME, "Dr. Wilson was told."),
    (Kind.NAME, "Mrs. Roe has pain."),
    (Kind.NAME, "Jane Roe, M.D."),
    (Kind.NAME, "read: ROE, JANE, MD"),
    (Kind.NAME, "ROE^JANE"),
    (Kind.NAME, "**Name:** Jane Roe"),
    (Kind.NAME, "- **PATIENT NAME**: ROE, JANE"),
    (Kind.NAME, "Patient:\tJane Roe"),
    (Kind.BIRTH, "DOB 01/02/1950"),
    (Kind.BIRTH, "**DOB:** 01/02/1950"),
    (Kind.BIRTH, "D.O.B.: 1-Feb-50"),
    (Kind.BIRTH, "Date of birth: February 1, 1950"),
    (Kind.BIRTH, "birthdate 19500201"),
    (Kind.BIRTH, "A woman born 01/02/1950 with pain"),
    (Kind.BIRTH, "born on 1 Feb 1950"),
    (Kind.BIRTH, "born in 1950"),
    (Kind.RECORD, "MRN 1234567"),
    (Kind.RECORD, "MRN: 12-34-56"),
    (Kind.RECORD, "**MRN:** 1234567"),
    (Kind.RECORD, "Medical record number: A123456"),
    (Kind.RECORD, "Accession No.: CT-2024-0003"),
    (Kind.RECORD, "ACCESSION: 12345678"),
    (Kind.RECORD, "Acc# RAD1234567"),
    (Kind.RECORD, "Patient ID: 00123456"),
    (Kind.RECORD, "NHS number 943 476 5919"),
    (Kind.PHONE, "(212) 555-0188"),
    (Kind.PHONE, "told by phone, 212-555-0188."),
    (Kind.PHONE, "1-800-555-0199"),
    (Kind.PHONE, "212.555.0188"),
    (Kind.PHONE, "+44 20 7946 0018"),
    (Kind.PHONE, "+49 (0)30 23125 014"),
    (Kind.PHONE, "Tel: 020 7946 0018"),
    (Kind.PHONE, "phone no. 555-0188"),
    (Kind.PHONE, "pager 55188"),
    # In columns
    (Kind.BIRTH, "DOB:            01/02/1950"),
    (Kind.RECORD, "MRN:\t1234567"),
    (Kind.RECORD, "MRN:            1234567"),
    (Kind.RECORD, "Accession No.  :\tCT-2024-0003"),
    (Kind.PHONE, "Phone:\t\t020 7946 0018"),
    (Kind.EMAIL, "mail jane.roe@clinic.example"),
    (Kind.SSN, "SSN 123-45-6789"),
]

NOT_FOUND = [
    # Left by de-identification
    "Name: [NAME]",
    "Patient name: <PATIENT_NAME_1> Liver normal.",
    "Name: XXXX, Xxxx",
    "Patient: **NAME[AAA, BBB M] Liver is normal",
    "Name: **NAME**",
    "Patient: **NAME, Liver Lesion",
    "Patient: [**Last Name (un) 123**], [**First Name4 (NamePattern1) 55**]",
    "Name: REDACTED",
    "Name: Anonymous^Patient",
    "Patient name: AMOS_5478",
    "Patient name: Subject 12",
    "Discussed with Dr. ___ at 14:20.",
    "Discussed with Dr. XXXX by Dr. [NAME].",
    "Dr. [**Last Name (STitle) 12**] was told by [**Telephone/Fax (1) 212-555-0188**]",
    "Signed by: {{physician name}}",
    "DOB: <DATE>, DOB: XX/XX/XXXX, DOB ___, born [**1950-1-1**]",
    "MRN: XXXXXXX, MRN ____, MRN: 0000000, Patient ID: [ID]",
    "Tel: [PHONE], phone XXX-XXX-XXXX",
    # Of the same form, and of nobody
    "Patient: 45 year old male",
    "Patient: Male, 45",
    "Patient: Known Hepatocellular Carcinoma",
    "PATIENT: STATUS POST CHOLECYSTECTOMY",
    "Name: CT Abdomen Pelvis",
    "Exam name: Triphasic Liver",
    "Patient is in the supine position.",
    "Physician: Not Available",
    "Reported by Radiology Resident",
    "Discussed with the Dr. on call. Discussed with DR. NO ANSWER.",
    "Compared with MR. Liver is normal. History of MS. No lesion.",
    "Crohn disease, Couinaud segments, 40 Hounsfield units, Meckel diverticulum",
    "Child-Pugh B, Bosniak II, Gerota's fascia, Foley catheter, Roux-en-Y, Klatskin tumor",
    "Right Hepatic Lobe, Impression: Hepatic Steatosis",
    "compared with 12/3/2019",
    "Comparison: CT of 01/02/1950. CT born of necessity.",
    "newborn 2019",
    "told by phone 12-11-2019, fax 2019-11-12",
    "a lesion of 3.4 x 2.1 cm",
    "series 4 image 123, series 100 image 1200",
    "2024-0003",
    "segment 4 (previously 12-34 mm), 100-200-300 mm",
    "+10 HU, +45 HU to +60 HU",
    "MR no enhancement 1234, Accession 12",
    "from 1.5 to 12.5 cm, 120 kV, 350.123.45",
    "b 0-50-1000, 12-345-678",
    "T12-L1 at 3 o'clock, 5 @ 2 mm",
]


@pytest.mark.parametrize(("kind", "line"), FOUND)
def test_what_looks_like_an_identity(kind: Kind, line: str) -> None:
    assert kinds_in(line) == {kind}
    assert kinds_in(f"CT abdomen.\n{line}\nThe liver is normal.") == {kind}


@pytest.mark.parametrize("line", NOT_FOUND)
def test_what_does_not(line: str) -> None:
    assert kinds_in(line) == frozenset()


def test_several_kinds_are_found_in_one_text() -> None:
    text = "Name: Jane Roe, DOB 01/02/1950, MRN 1234567, Tel. 212-555-0188"
    assert kinds_in(text) == {Kind.NAME, Kind.BIRTH, Kind.RECORD, Kind.PHONE}


@pytest.mark.parametrize(
    ("words", "person"),
    [
        ("Jane Roe", True),
        ("Roe", True),
        ("Jane Crohn", True),
        ("Patient Jane Roe", True),
        ("Crohn", False),
        ("Crohn's", False),
        ("Child-Pugh", False),
        ("Liver", False),
        ("□ J. 12", False),
    ],
)
def test_whom_a_language_model_takes_for_a_person(words: str, person: bool) -> None:
    assert is_person(words) is person


def test_the_shipped_reports_name_nobody() -> None:
    texts = [path.read_text() for path in (ROOT / "data" / "reports").glob("*.txt")]
    assert len(texts) == 26
    assert not any(map(kinds_in, texts))


def test_reports_without_identities_raise_no_alarm(amos: Path) -> None:
    with (amos / "reports.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["anonymized_report"] for row in csv.DictReader(file)]
    assert len(texts) > 900
    assert sum(bool(kinds_in(text)) for text in texts) == 0


@pytest.mark.parametrize(
    "piece",
    [
        *("Name: ", "A ", "Jane ", "1 ", "1-", "[", "**", "x", "_", "a.", "+1 ", "(", "[date "),
        *(" ", "\t", " *", "A'", "A^", "Dr. "),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """The time grows with the length alone: of ten times the text it is not a hundred times."""
    short, long = (_seconds(piece * times) for times in (3_000, 30_000))
    assert long < 50 * max(short, 0.01)


def _seconds(text: str) -> float:
    began = time.process_time()
    kinds_in(text)
    return time.process_time() - began
