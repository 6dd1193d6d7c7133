// For each word the names that hold it: typed arrays that grow.

export interface Posting {
  names: Int32Array;
  length: number;
}

export class Postings {
  readonly #of: (Posting | undefined)[] = [];

  of(word: number): Posting | undefined {
    return this.#of[word];
  }

  /** Names that hold one of the words, those with several counted for each. */
  sizeOf(words: Int32Array): number {
    let size = 0;
    for (let at = 0; at < words.length; at += 1) size += this.#of[words[at]!]?.length ?? 0;
    return size;
  }

  add(word: number, name: number): void {
    let posting = this.#of[word];
    if (posting === undefined) {
      posting = { names: new Int32Array(2), length: 0 };
      this.#of[word] = posting;
    }
    if (posting.length === posting.names.length) {
      const names = new Int32Array(posting.length * 2);
      names.set(posting.names);
      posting.names = names;
    }
    posting.names[posting.length] = name;
    posting.length += 1;
  }
}
