// Synthetic lists and investors for `bench screen`: names put together from our own stems of eight naming traditions, frequent ones often, so that
// words repeat as they do on real lists. The same seed gives the same names. Nobody real is meant.
import type { ListEntry, ScreenedParty } from "@evergreen-fund/screening";

const words = (text: string): string[] => text.split(" ");
interface Tradition {
  given: string[];
  stems: string[];
  endings: string[];
  before: string[];
}
const TRADITIONS: Tradition[] = [
  {
    given: words(
      "ivan sergei dmitri alexei vladimir andrei mikhail nikolai pavel yuri oleg igor viktor boris anton maxim roman olga natalia svetlana tatiana irina elena marina galina",
    ),
    stems: words(
      "petr ivan sidor kuzn smirn vasil pavl mikhail fed moroz volk alekse lebed semen kozl step nikol makar nikit zakhar boris yakov grigor roman frol korol gus ilin maksim polyak sorok anton taras zhuk baran filipp melnik blin karp isak tikhon rodion gorbun panov rybak suvor abram trofim martyn gorshk chern",
    ),
    endings: words("ov ova ev in ina enko sky skaya chuk ovich"),
    before: [""],
  },
  {
    given: words(
      "mohammed ahmed mahmoud hassan hussein ali omar khalid ibrahim yusuf ismail mustafa abdullah saleh tariq walid nasser jamal faisal karim samir fatima aisha zainab maryam layla huda",
    ),
    stems: words(
      "masri haddad najjar khatib hashim qasim mansour saleh hamdan zaid bakri tamim sham halab baghdad sabah jabir fayyad rashid harb qahtan otaib ghamd zahran dosar shammar mutair juhan malik sub adan omar fars balush kind azd hina",
    ),
    endings: ["", "i", "ah"],
    before: ["al ", "", "el ", "al "],
  },
  {
    given: words(
      "reza hamid mehdi majid saeed mohsen behrouz farhad kamran dariush shahram parviz ramin shirin nasrin parisa leila",
    ),
    stems: words(
      "ahmad hossein karim rahim jafar mous hashem akbar rost tehran shiraz tabriz kerman mashhad khorram soltan",
    ),
    endings: words("i zadeh pour nejad ian abadi"),
    before: [""],
  },
  {
    given: words(
      "jose juan carlos luis miguel antonio francisco manuel pedro jorge alejandro rafael fernando maria carmen ana isabel rosa elena pilar lucia teresa",
    ),
    stems: words(
      "garcia fernandez gonzalez rodriguez lopez martinez sanchez perez gomez martin jimenez ruiz hernandez diaz moreno alvarez romero alonso gutierrez navarro torres dominguez vazquez ramos gil ramirez serrano blanco molina morales suarez ortega delgado castro ortiz rubio marin",
    ),
    endings: [""],
    before: [""],
  },
  {
    given: words(
      "john james robert william david richard thomas charles daniel matthew anthony steven andrew mary patricia jennifer linda elizabeth barbara susan jessica sarah",
    ),
    stems: words(
      "smith john william brown jones miller davis wilson ander thomp white harris clark lewis robin walker young allen king wright scott hill green adam baker nelson carter mitchell turner phillip camp evan edward collin stewart morris rogers cook bell cooper ward",
    ),
    endings: words("s son er ton ley ford wood field well man"),
    before: ["", "", "", "", "mc"],
  },
  {
    given: words(
      "hans peter klaus jurgen wolfgang dieter manfred gunther stefan matthias sebastian johannes friedrich ursula monika petra sabine renate",
    ),
    stems: words(
      "muller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter klein wolf neumann schwarz zimmer braun kruger hart lange werner krause lehmann kohler walter konig huber kaiser fuchs lang scholz weiss jung vogel keller berger winkler roth beck lorenz",
    ),
    endings: ["", "", "er", "mann", "berg", "stein", "bach"],
    before: ["", "", "", "", "", "von "],
  },
  {
    given: words(
      "wei jian ming hong guo zhi xin hai jun feng lei yan ling mei xiao yong qing bo tao peng jianguo xiaoming zhiqiang weidong",
    ),
    stems: words(
      "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng feng han cao peng zeng",
    ),
    endings: [""],
    before: [""],
  },
];
const BRANDS = words(
  "nord sud trans euro asia petro gaz agro metal techno inter uni pan alfa delta omega sigma prime crystal silver gold black blue red sun star moon river mountain ocean desert eagle falcon lion tiger wolf atlas titan orion vega zenith apex nova terra aqua hydro aero astro cyber",
);
const BRAND_ENDINGS = [
  "",
  ...words("stroy invest prom mash neft trans eks tek line gate bridge field port stone wave craft max net link"),
];
const GENERAL = words(
  "trading company bank international group holding industries shipping energy capital investment logistics",
);
const FORMS = words("llc ltd ooo gmbh jsc ojsc inc sa co limited");

const ONSETS = words("b ch d f g gr h j k kh kr l m n p pr r s sh st t tr v y z");
const CODAS = ["", "", "", ...words("n r l m sh k d t")];

export type Random = () => number;

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const oneOf = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
/** The first ones of a list more often than the last ones. */
const often = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() ** 2 * from.length)]!;

/** Real lists do not run out of words: about half of the different ones occur once, however long the list. */
const RARE = 0.5;

/** The stem of a word that hardly any other name has. */
function rareStem(random: Random): string {
  const syllable = (): string => oneOf(random, ONSETS) + oneOf(random, [..."aaeiou"]) + oneOf(random, CODAS);
  return Array.from({ length: 2 + Math.floor(random() * 1.5) }, syllable).join("");
}

function personName(random: Random): string {
  const { given, stems, endings, before } = oneOf(random, TRADITIONS);
  const names = Array.from({ length: 1 + Math.floor(random() * 2.4) }, () => often(random, given));
  return `${names.join(" ")} ${oneOf(random, before)}${random() < RARE ? rareStem(random) : often(random, stems)}${oneOf(random, endings)}`;
}

function companyName(random: Random): string {
  const brand = (): string =>
    (random() < RARE ? rareStem(random) : often(random, BRANDS)) + oneOf(random, BRAND_ENDINGS);
  const own = random() < 0.6 ? [brand()] : [brand(), brand()];
  const general = Array.from({ length: Math.floor(random() * 3) }, () => oneOf(random, GENERAL));
  return [...own, ...new Set(general), oneOf(random, FORMS)].join(" ");
}

/** One letter left out, exchanged with its neighbour, or replaced. */
export function misspelt(random: Random, name: string): string {
  const at = 1 + Math.floor(random() * Math.max(1, name.length - 2));
  const kind = random();
  if (kind < 0.4) return name.slice(0, at) + name.slice(at + 1);
  if (kind < 0.6) return name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2);
  return name.slice(0, at) + String.fromCharCode(97 + Math.floor(random() * 26)) + name.slice(at + 1);
}

export function reordered(random: Random, name: string): string {
  const parts = name.split(" ");
  for (let at = parts.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [parts[at], parts[other]] = [parts[other]!, parts[at]!];
  }
  return parts.join(" ");
}

export interface World {
  entries: ListEntry[];
  investors: ScreenedParty[];
}

/** Entries with 2.2 names on average; three of a hundred investors bear a listed name, reordered and mostly misspelt. */
export function makeWorld(size: { entries: number; investors: number }, seed: number): World {
  const random = randomOf(seed);
  const entries = Array.from({ length: size.entries }, (_, at): ListEntry => {
    const person = random() < 0.6;
    const make = person ? personName : companyName;
    const first = make(random);
    const others = Array.from({ length: oneOf(random, [0, 0, 1, 1, 2, 3]) }, () =>
      random() < 0.5 ? misspelt(random, reordered(random, first)) : make(random),
    );
    return {
      entityId: `synthetic-${at}`,
      list: "synthetic",
      kind: person ? "person" : "organisation",
      names: [first, ...others].map((name) => ({ name, quality: "strong" })),
      born: [],
      countries: [],
      identifiers: [],
      programmes: [],
      remarks: "",
    };
  });
  const investors = Array.from({ length: size.investors }, (): ScreenedParty => {
    if (random() < 0.03) {
      const { names, kind } = oneOf(random, entries);
      const name = reordered(random, oneOf(random, names).name);
      return { names: [random() < 0.6 ? misspelt(random, name) : name], kind };
    }
    const person = random() < 0.7;
    return { names: [person ? personName(random) : companyName(random)], kind: person ? "person" : "organisation" };
  });
  return { entries, investors };
}
