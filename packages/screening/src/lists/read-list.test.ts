// Each list format from a small synthetic document to the same kind of entry, and what is refused. OFAC's real list is read where it is present.
import { describe, expect, it } from "vitest";
import { OFAC_PRESENT, ofacFiles } from "../test-parties.ts";
import { isoDate } from "./entry.ts";
import { readList } from "./read-list.ts";

const file = (text: string, name = "list"): { name: string; bytes: Uint8Array } => ({
  name,
  bytes: new TextEncoder().encode(text),
});

const PRIMARY = `101,"PETROV, Ivan","individual","TEST-EO1] [TEST-EO2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 12 May 1970; alt. DOB 1971; POB Moscow; nationality Russia; Passport 7512345 (Russia); a.k.a. 'VANYA'; Tax ID No. 77"
102,"NORTH STAR","vessel","TEST-EO1","XYZ1","Tanker","1","2","Panama",-0- ,-0- ,"Vessel Registration Identification IMO 9123456."
\u001a`;
const ALTERNATES = `101,9001,"aka","PETROFF, Iwan",-0- \n`;
const COMMENTS = `101,"88990011 (Russia)."\n`;
const ADDRESSES = `102,1,-0- ,-0- ,"Panama",-0- \n`;
const ofac = [
  file(PRIMARY, "sdn.csv"),
  file(ALTERNATES, "alt.csv"),
  file(COMMENTS, "comments.csv"),
  file(ADDRESSES, "add.csv"),
];

const EU = `<?xml version="1.0"?><export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-19T10:00:00" globalFileId="1">
<sanctionEntity euReferenceNumber="EU.1.1" logicalId="1"><remark>synthetic</remark><regulation programme="TEST"/><subjectType code="person" classificationCode="P"/>
<nameAlias wholeName="Ivan Petrov" strong="true"/><nameAlias firstName="Vanya" lastName="P." strong="false"/>
<citizenship countryIso2Code="RU"/><birthdate birthdate="1970-05-12" year="1970"/><identification identificationTypeCode="passport" number="7512345" countryIso2Code="RU"/></sanctionEntity></export>`;
const UN = `<CONSOLIDATED_LIST dateGenerated="2026-11-18T12:00:00Z"><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>IVAN</FIRST_NAME><SECOND_NAME>PETROV</SECOND_NAME>
<UN_LIST_TYPE>TEST</UN_LIST_TYPE><REFERENCE_NUMBER>TSi.001</REFERENCE_NUMBER><NAME_ORIGINAL_SCRIPT>Иван Петров</NAME_ORIGINAL_SCRIPT><NATIONALITY><VALUE>Russian Federation</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Vanya</ALIAS_NAME></INDIVIDUAL_ALIAS><INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1970-05-12</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>7512345</NUMBER><ISSUING_COUNTRY>Russian Federation</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT></INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>NORTH STAR FRONT</FIRST_NAME><REFERENCE_NUMBER>TSe.002</REFERENCE_NUMBER></ENTITY></ENTITIES></CONSOLIDATED_LIST>`;
const UK = `Last Updated,17/11/2026
Name 6,Name 1,Name 2,Title,Name Non-Latin Script,DOB,Nationality,Passport Number,National Identification Number,Country,Other Information,Group Type,Alias Type,Alias Quality,Regime,Group ID
PETROV,IVAN,SERGEYEVICH,,Иван Петров,12/05/1970,(1) Russia (2) Cyprus,7512345,,,synthetic,Individual,Primary name,,Test,500
VANYA,,,,,00/00/1970,Russia,,,,,Individual,AKA,Low quality a.k.a,Test,500
`;
const UK_XML = `<ArrayOfFinancialSanctionsTarget xmlns="http://schemas.hmtreasury.gov.uk/ofsi/consolidatedlist">
<FinancialSanctionsTarget><Name6>PETROV</Name6><name1>IVAN</name1><name2>SERGEYEVICH</name2><NameNonLatinScript>Иван Петров</NameNonLatinScript><RegimeName>Test</RegimeName>
<Individual_DateOfBirth>12/05/1970</Individual_DateOfBirth><Individual_Nationality>(1) Russia (2) Cyprus</Individual_Nationality><Individual_PassportNumber>7512345</Individual_PassportNumber>
<GroupTypeDescription>Individual</GroupTypeDescription><AliasType>Primary name</AliasType><GroupID>500</GroupID></FinancialSanctionsTarget>
<FinancialSanctionsTarget><Name6>VANYA</Name6><GroupTypeDescription>Individual</GroupTypeDescription><AliasQuality>Low quality a.k.a</AliasQuality><GroupID>500</GroupID></FinancialSanctionsTarget>
</ArrayOfFinancialSanctionsTarget>`;
const UK_DESIGNATIONS = `<?xml version="1.0"?><Designations><DateGenerated>17/11/2026</DateGenerated><Designation><UniqueID>TST0001</UniqueID><OFSIGroupID>500</OFSIGroupID>
<Names><Name><Name1>Ivan</Name1><Name6>PETROV</Name6><NameType>Primary Name</NameType></Name><Name><Name6>Vanya</Name6><NameType>Alias</NameType><AliasStrength>Low quality a.k.a</AliasStrength></Name></Names>
<NonLatinNames><NonLatinName><NameNonLatinScript>Иван Петров</NameNonLatinScript></NonLatinName></NonLatinNames><RegimeName>Test</RegimeName><IndividualEntityShip>Individual</IndividualEntityShip>
<IndividualDetails><Individual><DOBs><DOB>12/05/1970</DOB><DOB>dd/mm/1971</DOB></DOBs><Nationalities><Nationality>Russia</Nationality></Nationalities>
<PassportDetails><Passport><PassportNumber>7512345</PassportNumber></Passport></PassportDetails></Individual></IndividualDetails></Designation>
<Designation><UniqueID>TST0002</UniqueID><Names><Name><Name6>NORTH STAR FRONT</Name6></Name></Names><IndividualEntityShip>Ship</IndividualEntityShip>
<ShipDetails><Ship><IMONumbers><IMONumber>9123456</IMONumber></IMONumbers></Ship></ShipDetails></Designation></Designations>`;
const OWN = `id,name,kind,aliases,weak_aliases,born,countries,identifiers,programme,remarks
b1,Ivan Petrov,person,Iwan Petroff; Иван Петров,Vanya,1970-05-12,Russia,passport:7512345:RU,house,synthetic
`;
const TARGETS = `"id","schema","name","aliases","birth_date","countries","addresses","identifiers","sanctions","phones","emails","dataset","first_seen","last_seen","last_change"
"NK-1","Person","Ivan Petrov","Vanya;Иван Петров","1970-05-12","ru","","7512345","TEST","","","test","2026-01-01T00:00:00","2026-11-16T00:00:00","2026-01-01T00:00:00"
`;
const FTM = `{"id":"NK-1","schema":"Person","caption":"Ivan Petrov","target":true,"last_seen":"2026-11-15T00:00:00","properties":{"name":["Ivan Petrov"],"weakAlias":["Vanya"],"birthDate":["1970-05-12"],"nationality":["ru"],"passportNumber":["7512345"]}}
{"id":"NK-2","schema":"Person","caption":"A Relative","target":false,"properties":{"name":["A Relative"]}}
`;

describe("list formats", () => {
  it.each([
    ["ofac-csv", ofac, null, 2],
    ["eu-xml", [file(EU)], "2026-11-19", 1],
    ["un-xml", [file(UN)], "2026-11-18", 2],
    ["uk-csv", [file(UK)], "2026-11-17", 1],
    ["uk-xml", [file(UK_XML)], null, 1],
    ["uk-xml", [file(UK_DESIGNATIONS)], "2026-11-17", 2],
    ["own-csv", [file(OWN)], null, 1],
    ["opensanctions-csv", [file(TARGETS)], "2026-11-16", 1],
    ["ftm-json", [file(FTM)], "2026-11-15", 1],
  ] as const)("%s is recognised and read", (format, files, date, entries) => {
    const read = readList(files, { list: "test" });
    expect(read.version).toEqual({
      list: "test",
      format,
      date,
      entries,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const [first] = read.entries;
    expect(first).toMatchObject({ list: "test", kind: "person" });
    expect(first?.born[0]).toBe("1970-05-12");
    expect(first?.countries[0]).toBe("RU");
    expect(first?.identifiers[0]).toMatchObject({ value: "7512345" });
    expect(first?.names[0]?.quality).toBe("strong");
    expect(first?.names.find(({ name }) => /vanya/i.test(name))?.quality).toBe(
      format === "opensanctions-csv" ? "strong" : "weak",
    );
  });
  it("reads what OFAC writes into remarks and goes on with in the comments", () => {
    const { entries } = readList(ofac, { list: "ofac-sdn" });
    expect(entries[0]).toMatchObject({
      entityId: "101",
      names: [{ name: "PETROV, Ivan" }, { name: "PETROFF, Iwan" }, { name: "VANYA", quality: "weak" }],
      born: ["1970-05-12", "1971"],
      programmes: ["TEST-EO1", "TEST-EO2"],
      identifiers: [
        { kind: "passport", value: "7512345", country: "RU" },
        { kind: "tax", value: "7788990011", country: "RU" },
      ],
    });
    expect(entries[1]).toMatchObject({
      kind: "vessel",
      countries: ["PA"],
      identifiers: [{ kind: "imo", value: "9123456" }],
    });
  });
  it("reads the UK's names of several rows, and its other dates and numbers", () => {
    const [person, ship] = readList([file(UK_DESIGNATIONS)], { list: "uk" }).entries;
    expect(person).toMatchObject({ entityId: "TST0001", born: ["1970-05-12", "1971"], programmes: ["Test"] });
    expect(person?.names.map(({ name }) => name)).toEqual(["Ivan PETROV", "Vanya", "Иван Петров"]);
    expect(ship).toMatchObject({ kind: "vessel", identifiers: [{ kind: "imo", value: "9123456" }] });
    const [listed] = readList([file(UK_XML)], { list: "uk" }).entries;
    expect(listed).toMatchObject({ entityId: "500", countries: ["RU", "CY"] });
    expect(listed?.names.map(({ name }) => name)).toEqual(["IVAN SERGEYEVICH PETROV", "Иван Петров", "VANYA"]);
  });
  it("has the same hash for the same files in any order, and another for other bytes", () => {
    const hash = (files: typeof ofac): string => readList(files, { list: "x" }).version.sha256;
    expect(hash([...ofac].reverse())).toBe(hash(ofac));
    expect(hash([file(PRIMARY.replace("Ivan", "Iwan"), "sdn.csv"), ...ofac.slice(1)])).not.toBe(hash(ofac));
  });
  it.each([
    ["12 May 1961", "1961-05-12"],
    ["May 1961", "1961-05"],
    ["circa 1961", "1961"],
    ["00/00/1961", "1961"],
    ["dd/mm/1961", "1961"],
    ["12/05/1961", "1961-05-12"],
    ["1961-05-12T00:00:00", "1961-05-12"],
    ["unknown", null],
    ["31/13/1961", null],
  ])("reads %s as a date", (raw, iso) => {
    expect(isoDate(raw)).toBe(iso);
  });
  it.skipIf(!OFAC_PRESENT)("reads OFAC's consolidated list whole (needs ../shared/data/ofac)", () => {
    const { version, entries } = readList(ofacFiles(), { list: "ofac-consolidated" });
    expect(version.entries).toBe(442);
    expect(entries.filter(({ kind }) => kind === "person")).toHaveLength(79);
    expect(entries.reduce((sum, { names }) => sum + names.length, 0)).toBeGreaterThan(1_400);
    expect(entries.filter(({ kind, born }) => kind === "person" && born.length > 0).length).toBeGreaterThan(40);
  });
});

describe("hostile lists", () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><CONSOLIDATED_LIST><INDIVIDUAL><FIRST_NAME>&b;</FIRST_NAME></INDIVIDUAL></CONSOLIDATED_LIST>`;
  it.each([
    ["no file", [], "EG400"],
    ["an empty file", [file("")], "EG400"],
    ["an entity bomb", [file(bomb)], "EG400"],
    ["an entity bomb behind a long comment", [file(`<!-- ${"x".repeat(5_000)} -->${bomb.slice(21)}`)], "EG400"],
    ["a cut XML file", [file(UN.slice(0, -30))], "EG400"],
    ["NUL", [file("id,name\nb1,Iv\0an")], "EG400"],
    ["gzip", [{ name: "x", bytes: Uint8Array.of(0x1f, 0x8b, 8) }], "EG400"],
    ["another CSV", [file("a,b\n1,2")], "EG400"],
    ["a block list with an id twice", [file("id,name\nb1,A\nb1,B")], "EG400"],
    ["two files of one format", [file(OWN, "a"), file(OWN, "b")], "EG400"],
    ["JSON that is broken", [file('{"id":"x"')], "EG400"],
    ["a name of 10 MB in CSV", [file(`id,name\nb1,"${"x".repeat(10_000_000)}"`)], "EG413"],
    ["a name of 10 MB in XML", [file(UN.replace("IVAN", "x".repeat(10_000_000)))], "EG413"],
    ["a name of 10 MB in JSON", [file(FTM.replaceAll("Ivan", "x".repeat(10_000_000)))], "EG413"],
    ["a name of three thousand letters", [file(`id,name\nb1,${"x".repeat(3_000)}`)], "EG413"],
    ["elements inside each other without end", [file(`<CONSOLIDATED_LIST>${"<a>".repeat(100)}`)], "EG413"],
  ])("refuses %s", (_what, files, code) => {
    expect(() => readList(files, { list: "test" })).toThrow(expect.objectContaining({ code }));
  });
  it("refuses more rows and bytes than it may cost", () => {
    expect(() => readList([file(OWN)], { list: "test", limits: { bytes: 10 } })).toThrow(
      expect.objectContaining({ code: "EG413" }),
    );
    expect(() => readList([file(OWN)], { list: "test", limits: { rows: 1 } })).toThrow(
      expect.objectContaining({ code: "EG413" }),
    );
  });
  it("renders what steers a terminal or turns text harmless, and loses no entry by it", () => {
    const { entries } = readList([file("id,name\nb1,\u001b[31mIvan\u202e Pet\u200brov\u001b]0;x\u0007\nb2,=cmd|x")], {
      list: "test",
    });
    expect(entries.map(({ names }) => names[0]?.name)).toEqual(["Ivan Petrov", "=cmd|x"]);
  });
  it("refuses a list by a name that is no name", () => {
    expect(() => readList([file(OWN)], { list: "../x" })).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});
