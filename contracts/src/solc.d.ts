// What we use of the compiler: standard JSON in, standard JSON out.
declare module "solc" {
  const solc: {
    version(): string;
    compile(input: string, callbacks: { import(path: string): { contents: string } }): string;
  };
  export default solc;
}
