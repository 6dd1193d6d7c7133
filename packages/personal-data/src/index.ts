// Personal data: encrypted outside the database, erased by destroying a key. `openPersonal` is the door.
export { type Accounts, AccountWords, type ClearAccount, openAccounts, type SealedAccount } from "./accounts.ts";
export { INDEXED_FIELDS, type IndexedField, normalised } from "./blind-index.ts";
export { BUCKET, type Bucket, bucketStore, type DocumentStore, documentsOf, folderStore } from "./documents.ts";
export { exportSubject } from "./export-subject.ts";
export { PERSONAL_FIELDS, type PersonalField, type PersonalFields, type PersonalValue } from "./fields.ts";
export {
  type Erasure,
  eraseSubject,
  type LifecycleParts,
  type Rotation,
  readErasure,
  rotateKeys,
} from "./lifecycle.ts";
export { fileKeys, type KeySource, keysOf, type MasterKeys, masterKeysFrom } from "./master-keys.ts";
export {
  openPersonal,
  type PersonalCall,
  type PersonalData,
  type StoredDocument,
  type SubjectData,
  type SubjectState,
  underCurrentKey,
} from "./personal-data.ts";
export { type Renewal, renewKey, renewKeys } from "./renew.ts";
export { DOCUMENT_TYPES, LARGEST_DOCUMENT } from "./sniff.ts";
export {
  fileJournal,
  type Journal,
  publicKeyOf,
  signTombstone,
  type Tombstone,
  type TombstoneBody,
  verifyTombstone,
} from "./tombstone.ts";
