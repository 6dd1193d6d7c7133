// Header, Part A and Part E of a filing: who reports, for which day, and what the filer explains. Pure.
import { type ElementReader, type Reported, reported } from "./element-reader.ts";
import { type Filing, SUBMISSION_TYPES } from "./filing.ts";
import { quoted, type ReadingNotes, refuse } from "./reading-notes.ts";

type Header = Pick<
  Filing,
  "submissionType" | "isConfidential" | "accessionNumber" | "liveTestFlag" | "invstCompanyType" | "classIds"
> & {
  cik: Reported<string>;
  seriesId: Reported<string>;
};
type General = Pick<Filing, "registrant" | "series" | "period">;

/** Header: the submission type decides whether the file is read at all. Contacts, addresses for notices and access codes are not kept. */
export function readHeader(of: ElementReader, notes: ReadingNotes): Header {
  const line = of.lineOf("submissionType");
  const type = of.requiredText("submissionType");
  const submissionType = SUBMISSION_TYPES.find((known) => known === type);
  if (!submissionType) {
    refuse(line, `the submission type ${quoted(type)} is not one of ${SUBMISSION_TYPES.join(", ")}.`);
  }
  if (submissionType.endsWith("/A"))
    notes.warn("amendment", "The filing is an amendment; it replaces the one it names, nothing is merged.", of.line);
  if (submissionType.startsWith("NPORT-NP"))
    notes.warn("not_public", "The filing is not public; treat what is imported as confidential.", of.line);
  const info = of.child("filerInfo");
  const filer = info?.child("filer");
  const credentials = filer?.child("issuerCredentials");
  const series = info?.child("seriesClassInfo");
  const header = reported({
    submissionType,
    isConfidential: of.yesNo("isConfidential"),
    accessionNumber: of.text("accessionNumber"),
    liveTestFlag: info?.code("liveTestFlag"),
    invstCompanyType: info?.code("invstCompanyType"),
    cik: credentials?.text("cik"),
    seriesId: series?.text("seriesId"),
    classIds: (series?.children("classId") ?? []).flatMap((item) => {
      const id = item.ownText();
      item.done();
      return typeof id === "string" ? [id.slice(0, 40)] : [];
    }),
  });
  credentials?.leaveOut("ccc");
  filer?.leaveOut("fileNumber");
  info?.leaveOut("contact", "notifications", "flags");
  series?.leaveOut("seriesName", "seriesLei");
  for (const part of [credentials, filer, series, info, of]) part?.done();
  if (header.liveTestFlag === "TEST") notes.warn("test_filing", "The filing is marked as a test submission.", of.line);
  return header;
}

/** Part A. Address and telephone of the registrant are not kept. */
export function readGeneral(of: ElementReader, header: Header, notes: ReadingNotes): General {
  of.leaveOut(
    "regStreet1",
    "regStreet2",
    "regCity",
    "regStateConditional",
    "regCountry",
    "regZipOrPostalCode",
    "regPhone",
  );
  const cikLine = of.lineOf("regCik");
  const cik = of.requiredText("regCik").padStart(10, "0");
  if (!/^\d{10}$/.test(cik)) refuse(cikLine, `${of.path}/regCik is not a CIK of at most ten digits.`);
  if (typeof header.cik === "string" && header.cik.padStart(10, "0") !== cik) {
    notes.warn("cik_differs", "The CIK of the header is not the registrant's; the registrant's is used.", of.line);
  }
  const seriesId = of.text("seriesId");
  if (
    typeof seriesId === "string" &&
    typeof header.seriesId === "string" &&
    seriesId.toUpperCase() !== header.seriesId.toUpperCase()
  ) {
    notes.warn("series_differs", "The series of the header is not that of Part A; Part A's is used.", of.line);
  }
  const dateLine = of.lineOf("repPdDate");
  const reportDate = of.requiredDay("repPdDate");
  if (reportDate < "1980" || reportDate > "2501")
    refuse(dateLine, `${of.path}/repPdDate is not between 1980 and 2500.`);
  const general = {
    registrant: reported({
      name: of.requiredText("regName"),
      cik,
      lei: of.text("regLei"),
      fileNumber: of.text("regFileNumber"),
    }),
    series: reported({ name: of.text("seriesName"), id: seriesId ?? header.seriesId, lei: of.text("seriesLei") }),
    period: reported({ fiscalYearEnd: of.day("repPdEnd"), reportDate, isFinalFiling: of.yesNo("isFinalFiling") }),
  };
  of.done();
  if (general.period.isFinalFiling === true)
    notes.warn("final_filing", "The filing says it is the fund's last.", of.line);
  return general;
}

/** Part E. */
export function readNotes(of: ElementReader): Filing["notes"] {
  const notes = of.children("explntrNote").map((item) => {
    const note = {
      item: (item.text("@noteItem") ?? "N/A").slice(0, 40),
      note: item.text("@note") ?? item.ownText() ?? "",
    };
    item.done();
    return note;
  });
  of.done();
  return notes;
}
