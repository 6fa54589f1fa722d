"""Layouts in which a sentence was once cut, a finding lost or a heading wrong.

A report, and all of its sentences as a model sees them, with their headings; a heading alone has #.
"""

import pytest

from leavs.text import split_sentences

FOUND: list[tuple[str, list[str]]] = [
    # An answer that is "no" is finished.
    ("Ascites: no\nHydronephrosis: yes, left", ["Ascites: no", "Hydronephrosis: yes, left"]),
    ("Ascites - no\nSplenomegaly - yes", ["Ascites - no", "Splenomegaly - yes"]),
    ("Ascites?        No\nHydronephrosis? Yes", ["Ascites?", "No", "Hydronephrosis?", "Yes"]),
    ("Prior studies: No\nCirrhosis of the liver", ["Prior studies: No", "Cirrhosis of the liver"]),
    ("Renal cysts: several\nBladder normal", ["Renal cysts: several", "Bladder normal"]),
    ("Foley in\nSpleen normal", ["Foley in", "Spleen normal"]),
    ("Spleen as is\nAscites as before", ["Spleen as is", "Ascites as before"]),
    ("Mass: not\nThrombus: yes", ["Mass: not", "Thrombus: yes"]),
    # The word "page" in a finding.
    ("FINDINGS:\n\nThere is no aortic dissection. A\n4.2 cm aneurysm, series 2 page 34\nwithout "
     "rupture.", ["#FINDINGS:", "FINDINGS: There is no aortic dissection.",
                  "FINDINGS: A 4.2 cm aneurysm, series 2 page 34 without rupture."]),
    ("The liver is normal. There is an\naneurysm (page 3)\nwithout rupture.", [
        "The liver is normal.", "There is an aneurysm (page 3) without rupture."]),
    # Pages of MIMIC.
    ("Reason: eval for abscess\n\nFINDINGS:  There is no\n (Over)\n\n CT ABDOMEN   Clip # 123\n"
     " Reason: eval for abscess\n Contrast: OPTIRAY Amt: 130\n FINAL REPORT\n (Cont)\n"
     " hydronephrosis.", ["Reason: eval for abscess", "FINDINGS: There is no hydronephrosis."]),
    ("FINDINGS: The liver is normal. There is no\nPage 1 of 2\n\nhydronephrosis.", [
        "FINDINGS: The liver is normal.", "FINDINGS: There is no hydronephrosis."]),
    ("The liver is normal. There is no\nDOE, JOHN   01/02/1960   M   58Y\n\nhydronephrosis.", [
        "The liver is normal.", "There is no hydronephrosis."]),
    # Nothing but an adjective stands before the line end.
    ("IMPRESSION: There is no evidence of acute intra-abdominal process, and no definite\n"
     "Crohn disease.", ["IMPRESSION: There is no evidence of acute intra-abdominal process, and no "
                        "definite Crohn disease."]),
    ("A cyst of the left kidney, without evidence of a Bosniak\nIII lesion.", [
        "A cyst of the left kidney, without evidence of a Bosniak III lesion."]),
    ("LIVER: Normal in size\nSPLEEN: Enlarged, no definite focal\nsplenic lesion\n"
     "KIDNEYS: Normal", [
        "LIVER: Normal in size", "SPLEEN: Enlarged, no definite focal splenic lesion",
        "KIDNEYS: Normal"]),
    # Lists without stops.
    ("GALLBLADDER ABSENT\nSPLENOMEGALY\nNO LYMPHADENOPATHY\nDEGENERATIVE CHANGES OF THE LUMBAR "
     "SPINE", ["GALLBLADDER ABSENT", "SPLENOMEGALY", "NO LYMPHADENOPATHY",
      "DEGENERATIVE CHANGES OF THE LUMBAR SPINE"]),
    ("UTERUS SURGICALLY ABSENT\nINFRARENAL AAA 4.2 CM\nFOLEY CATHETER",
     ["UTERUS SURGICALLY ABSENT", "INFRARENAL AAA 4.2 CM", "FOLEY CATHETER"]),
    ("kidneys without stones or hydronephrosis on either side\ndiverticulosis",
     ["kidneys without stones or hydronephrosis on either side", "diverticulosis"]),
    ("CT of the abdomen and pelvis was performed with\nintravenous contrast. Comparison is made to "
     "the\nprior study of 2018.\n\nFindings:\nSigmoid diverticulosis without diverticulitis\n"
     "2 cm cyst in segment 4", [
         "CT of the abdomen and pelvis was performed with intravenous contrast.",
         "Comparison is made to the prior study of 2018.", "#Findings:",
         "Findings: Sigmoid diverticulosis without diverticulitis",
         "Findings: 2 cm cyst in segment 4"]),
    # Tables.
    ("Organ | Lesion | Dilated | Note\nLiver | no | no | none\nSpleen | yes | no | none",
     ["Organ | Lesion | Dilated | Note", "Liver | no | no | none", "Spleen | yes | no | none"]),
    # A side, a segment and an abbreviation at the end of a line.
    ("KIDNEYS: NO STONES ON THE RIGHT\nLEFT HYDRONEPHROSIS",
     ["KIDNEYS: NO STONES ON THE RIGHT", "LEFT HYDRONEPHROSIS"]),
    ("No hydronephrosis on the right\nleft renal cyst",
     ["No hydronephrosis on the right", "left renal cyst"]),
    ("No lesion in segment 4a\nSplenomegaly", ["No lesion in segment 4a", "Splenomegaly"]),
    ("hepatitis A\nCirrhosis", ["hepatitis A", "Cirrhosis"]),
    ("no free air. diverticulosis w/o\ndiverticulitis. spleen ok.",
     ["no free air.", "diverticulosis w/o diverticulitis.", "spleen ok."]),
    ("Liver cannot be assessed without i.v. contrast.",
     ["Liver cannot be assessed without i.v. contrast."]),
    # Notes in which sentences begin in the midst of lines.
    ("gallstones. spleen ok. no active\nextravasation. bowel\nnot thickened. aorta\nnot dilated. "
     "appendix normal.", [
         "gallstones.", "spleen ok.", "no active extravasation.", "bowel not thickened.",
         "aorta not dilated.", "appendix normal."]),
    # Capitals under a title and above a signature that are not.
    ("CT abdomen and pelvis\n\nFindings:\n\nTHE BOWEL IS NORMAL. THERE IS NO RENAL\nSTONE. THE "
     "LIVER IS FATTY AND THERE IS NO BOWEL\nOBSTRUCTION. THE UTERUS IS NORMAL.\n\nJohn Smith, MD", [
         "#CT abdomen and pelvis", "#Findings:", "Findings: THE BOWEL IS NORMAL.",
         "Findings: THERE IS NO RENAL STONE.",
         "Findings: THE LIVER IS FATTY AND THERE IS NO BOWEL OBSTRUCTION.",
         "Findings: THE UTERUS IS NORMAL.", "Findings: John Smith, MD"]),
    ("THE LIVER IS NORMAL AND THE GALLBLADDER IS ABSENT WITHOUT DUCTAL\nDILATATION. THERE IS NO "
     "BOWEL\n\nPage 2 of 3\n\nOBSTRUCTION. THE SPLEEN IS ENLARGED.", [
         "THE LIVER IS NORMAL AND THE GALLBLADDER IS ABSENT WITHOUT DUCTAL DILATATION.",
         "THERE IS NO BOWEL OBSTRUCTION.", "THE SPLEEN IS ENLARGED."]),
    ("IMPRESSION:\n1. GALLSTONES\n2. NO BOWEL\nOBSTRUCTION", [
        "#IMPRESSION:", "IMPRESSION: 1. GALLSTONES", "IMPRESSION: 2. NO BOWEL OBSTRUCTION"]),
    # A header without a page number.
    ("FINDINGS:\nThe liver is normal. There is no\n\nName: SMITH, ANNA\nDOB: 1/2/1950\n"
     "Exam: CT ABDOMEN\n\nhydronephrosis. The spleen is absent.", [
         "#FINDINGS:", "FINDINGS: The liver is normal.", "FINDINGS: There is no hydronephrosis.",
         "FINDINGS: The spleen is absent."]),
    # Lines of which only spaces are left.
    ("FINDINGS:  LIVER: 2 cm cyst in segment IV  SPLEEN: Normal  GALLBLADDER: Surgically absent", [
        "#FINDINGS:", "LIVER: 2 cm cyst in segment IV", "SPLEEN: Normal",
        "GALLBLADDER: Surgically absent"]),
    ("A cyst of the  left kidney.  Left renal stone: 3 mm.",
     ["A cyst of the left kidney.", "Left renal stone: 3 mm."]),
    # Units and abbreviations in notes.
    ("spleen 15 cm. liver normal. right kidney without hydronephrosis, 10 cm. splenic infarct.", [
        "spleen 15 cm.", "liver normal.", "right kidney without hydronephrosis, 10 cm.",
        "splenic infarct."]),
    ("Liver nl. Spl. without focal lesion. Panc. no mass. Gb. absent.", [
        "Liver nl.", "Spl. without focal lesion.", "Panc. no mass.", "Gb. absent."]),
    ("Cyst in seg. IV. Spleen normal.", ["Cyst in seg. IV.", "Spleen normal."]),
    ("See the report of Jan. 4, no change.", ["See the report of Jan. 4, no change."]),
    ("There is no change since\n2015. Spleen normal.", ["There is no change since 2015.",
                                                        "Spleen normal."]),
    # Lists of organs.
    ("Surgically absent:\nGallbladder\nSpleen\nLiver normal.", [
        "Surgically absent:", "Surgically absent: Gallbladder", "Surgically absent: Spleen",
        "Surgically absent: Liver normal."]),
    ("There is no evidence of:\nHydronephrosis\nStones\nSpleen is enlarged.", [
        "There is no evidence of:", "There is no evidence of: Hydronephrosis",
        "There is no evidence of: Stones", "Spleen is enlarged."]),
    ("Absent organs: spleen\nLeft kidney\n\nLiver normal.", [
        "Absent organs: spleen", "Left kidney", "Liver normal."]),
    ("Surgically absent:\n\nGallbladder\nSpleen\n\nFINDINGS:\nNormal.", [
        "Surgically absent:", "Surgically absent: Gallbladder", "Surgically absent: Spleen",
        "#FINDINGS:", "FINDINGS: Normal."]),
    ("CLINICAL INFORMATION:\nHistory of pelvic kidney\nFINDINGS:\nThe liver is normal.", [
        "#CLINICAL INFORMATION:", "CLINICAL INFORMATION: History of pelvic kidney", "#FINDINGS:",
        "FINDINGS: The liver is normal."]),
    ("HISTORY OF SPLENECTOMY:\nFINDINGS:\nNormal.", [
        "HISTORY OF SPLENECTOMY:", "#FINDINGS:", "FINDINGS: Normal."]),
    # Headings that are items.
    ("FINDINGS:\n\n1. LIVER\n\nNormal in size. Two cysts.\n\n2. SPLEEN\n\nEnlarged.\n\n"
     "3. No cyst.", [
        "#FINDINGS:", "FINDINGS: 1. LIVER", "LIVER: Normal in size.", "LIVER: Two cysts.",
        "FINDINGS: 2. SPLEEN", "SPLEEN: Enlarged.", "FINDINGS: 3. No cyst."]),
    ("SURGICAL DRAINS:\nin the gallbladder bed\nSPLEEN:\nnormal", [
        "SURGICAL DRAINS:", "SURGICAL DRAINS: in the gallbladder bed", "#SPLEEN:",
        "SPLEEN: normal"]),
    # A label does not reach another organ.
    ("Liver: Normal.\nThere is mild splenomegaly.\nNo cyst.",
     ["Liver: Normal.", "There is mild splenomegaly.", "No cyst."]),
    ("Liver: Normal.\nNo cyst in the left lobe.",
     ["Liver: Normal.", "Liver: No cyst in the left lobe."]),
    ("Kidneys: No hydronephrosis.\nThere is a mass in the pancreas.",
     ["Kidneys: No hydronephrosis.", "There is a mass in the pancreas."]),
    ("Indication: Pain\nLiver: No lesion\nSpleen enlarged\nAscites",
     ["Indication: Pain", "Liver: No lesion", "Spleen enlarged", "Ascites"]),
    ("HISTORY: LYMPHOMA.\nTHE LIVER IS NORMAL.", ["HISTORY: LYMPHOMA.", "THE LIVER IS NORMAL."]),
    ("Gallbladder surgically absent. Right kidney\nNo stone.",
     ["Gallbladder surgically absent.", "Right kidney", "No stone."]),
    # Tags of HTML around headings.
    ("FINDINGS:<br>Liver normal<br><b>IMPRESSION</b><br>Splenomegaly", [
        "#FINDINGS:", "FINDINGS: Liver normal", "#<b>IMPRESSION</b>", "IMPRESSION: Splenomegaly"]),
    # A side that a narrow column cuts from its organ.
    ("Liver normal. Spleen enlarged. No ascites.\nPancreas atrophic.\n\nLeft kidney absent. Right\n"
     "kidney: no stones.", [
         "Liver normal.", "Spleen enlarged.", "No ascites.", "Pancreas atrophic.",
         "Left kidney absent.", "Right kidney: no stones."]),
]  # fmt: skip


@pytest.mark.parametrize(("report", "expected"), FOUND)
def test_found_layouts(report: str, expected: list[str]) -> None:
    assert ["#" * one.is_heading + one.in_context for one in split_sentences(report)] == expected
