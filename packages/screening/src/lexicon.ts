// Words that carry little of a name: honorifics, particles, company forms in several languages, words many companies share. Our own lists.
// They are matched by `foldKey`, so that one spelling stands for its neighbours (obshchestvo, obschestvo).
import { foldKey } from "./spelling.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);
const keys = (text: string): ReadonlySet<string> => new Set(words(text).map(foldKey));

/** Dropped from the names of people. */
export const HONORIFICS: ReadonlySet<string> = new Set(
  words(`mr mrs ms miss mx dr prof professor sir dame lord lady hon rev fr sheikh shaykh sheik shaikh cheikh haji hajji hadji hajj hadj alhaj alhaji
    mullah mulla maulana mawlana mawlawi maulavi moulvi qari imam ayatollah hojatoleslam sayyid seyyed general gen maj major col colonel capt captain
    lt lieutenant brig brigadier sgt admiral adm marshal mag dipl ing herr frau monsieur madame mme senor senora don dona doctor eng engineer
    ustad hafiz amir emir prince princess king queen baron graf hrh he phd md mba esq jr sr ii iii iv pan pani tov gospodin`),
);

/** Stand before or between the parts of a person's name; dropped where other words remain. */
export const PARTICLES: ReadonlySet<string> = new Set(
  words(`al el ul ur ud us as ash az at an ad ar bin ben ibn bint ould wuld ait von van der den dem zu zum zur ter ten te de du des del della di da dos das do la le
    los las lo y e i af av bar bat ap fitz mac mc o and und et aka fka nee geb oglu ogly kyzy qizi ogli`),
);

/** One word after which a person's next word belongs to it: "abd al-rahman" is one name. */
export const SERVANT: ReadonlySet<string> = new Set(
  words("abd abdul abdel abdal abdoul abdol abdur abdu abdus abdush abdulh"),
);
/** "Abu Teir", "Umm Kulthum": the first word alone says little. */
export const KUNYA: ReadonlySet<string> = new Set(words("abu abou aboo abi umm oum um"));

/** Forms of companies, longest first; each is written as its own words. A phrase becomes a form and leaves the name. */
const FORM_PHRASES: readonly string[] = [
  "obshchestvo s ogranichennoi otvetstvennostyu",
  "tovarystvo z obmezhenoyu vidpovidalnistyu",
  "gesellschaft mit beschrankter haftung",
  "gesellschaft mit beschraenkter haftung",
  "spolka z ograniczona odpowiedzialnoscia",
  "drustvo s ogranicenom odgovornoscu",
  "societe a responsabilite limitee",
  "sociedad de responsabilidad limitada",
  "societa a responsabilita limitata",
  "sociedade limitada",
  "publichnoe aktsionernoe obshchestvo",
  "otkrytoe aktsionernoe obshchestvo",
  "zakrytoe aktsionernoe obshchestvo",
  "nepublichnoe aktsionernoe obshchestvo",
  "aktsionernoe obshchestvo",
  "otkrytogo aktsionernogo obshchestva",
  "publichnogo aktsionernogo obshchestva",
  "public joint stock company",
  "open joint stock company",
  "closed joint stock company",
  "private joint stock company",
  "joint stock company",
  "joint stock commercial bank",
  "joint stock bank",
  "aktsionerny kommercheski bank",
  "aktsionernyy kommercheskiy bank",
  "limited liability company",
  "limited liability partnership",
  "public limited company",
  "private limited company",
  "limited partnership",
  "company limited by shares",
  "company limited",
  "societe anonyme",
  "sociedad anonima",
  "societa per azioni",
  "naamloze vennootschap",
  "besloten vennootschap",
  "kabushiki kaisha",
  "yugen kaisha",
  "anonim sirketi",
  "limited sirketi",
  "sendirian berhad",
  "sdn bhd",
  "pty ltd",
  "pvt ltd",
  "private limited",
  "pte ltd",
  "co ltd",
  "gmbh co kg",
  "sp z o o",
  "d o o",
  "s r l",
  "s a r l",
  "s p a",
  "s a",
  "b v",
  "n v",
  "l l c",
  "o o o",
  "o a o",
  "p j s c",
];
const FORM_WORDS = words(
  `ltd limited llc llp lp plc inc incorporated corp corporation company co gmbh ag kg ohg kgaa ug sarl sas sa spa srl srls bv nv cv ab oy oyj asa as aps
   ooo oao zao pao ao nao oaoo ojsc pjsc cjsc jsc tov tzov too doo dd ad ead eood ood sro kft zrt nyrt rt spzoo pte pty pvt bhd sdn kk gk yk tbk pt
   jscb jcsb akb eurl sicav sicaf scs sca se eg ev stiftung aktiengesellschaft kommanditgesellschaft gesellschaft obshchestvo aktsionernoe fze fzc fzco dmcc wll psc saog saoc sal sak ksc bsc est`,
);
/** Forms that are no word of a person's name in any language known to us: they show that a name is a company's. */
const SURE_FORMS: ReadonlySet<string> = new Set(
  words(`ltd limited llc llp plc inc incorporated corp corporation company gmbh sarl ooo oao zao ojsc pjsc cjsc jsc pao sro spzoo pty pvt bhd
   aktiengesellschaft obshchestvo aktsionernoe fze fzco dmcc`),
);
const FORM_KEYS: ReadonlySet<string> = new Set(FORM_WORDS);
const PHRASES: readonly (readonly string[])[] = FORM_PHRASES.map((phrase) => words(phrase).map(foldKey)).sort(
  (a, b) => b.length - a.length,
);
const PHRASE_STARTS: ReadonlySet<string> = new Set(PHRASES.map((phrase) => phrase[0] ?? ""));

/** Words so many companies have that they say little about which one it is. */
const GENERIC: ReadonlySet<string> = keys(
  `bank banka bankasi banque banco group groupe grupa gruppa holding holdings international internationale global world trading trade traders commercial
   commerce import export general services service industries industry industrial enterprise enterprises solutions systems technology technologies tech
   investment investments invest capital finance financial fund funds asset assets management partners partner ventures venture equity leasing insurance
   logistics shipping marine maritime transport transportation airlines aviation air lines cargo oil gas petroleum petrochemical petrochemicals energy power
   electric electronics mining metals steel construction engineering development project projects consulting consultancy agency institute institution university
   centre center foundation association organization organisation organisatsiya union federation committee council ministry department bureau office company
   corporation state national federal public private central united new royal first agricultural food foods products product production manufacturing factory
   plant works telecom communications telecommunications media network networks digital information data software medical health pharma pharmaceutical chemical
   real estate property properties security securities exchange branch subsidiary republic peoples islamic arab european asian american firm society
   proizvodstvennoe predpriyatie zavod npz refinery kommercheskiy promyshlennaya obedinennaya gosudarstvennaya korporatsiya tsentr fond kompaniya kompania torgovyy dom filial nauchno the of for and in on at by from to a an de la le du der die das und et y e i`,
);
const STOP: ReadonlySet<string> = new Set(
  words("the of for and in on at by from to a an de la le du des der die das und et y s"),
);

export const isGeneric = (key: string): boolean => GENERIC.has(key);
export const isStop = (text: string): boolean => STOP.has(text);
export const isForm = (text: string): boolean => FORM_KEYS.has(text);
export const isSureForm = (text: string): boolean => SURE_FORMS.has(text);

/** How many words from `at` on are one company form; 0: none. */
export function formAt(keysOfName: readonly string[], at: number): number {
  if (!PHRASE_STARTS.has(keysOfName[at] ?? "")) return 0;
  const found = PHRASES.find((phrase) => phrase.every((key, step) => keysOfName[at + step] === key));
  return found?.length ?? 0;
}
