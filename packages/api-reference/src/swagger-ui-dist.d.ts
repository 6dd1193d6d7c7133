// The one function of the package that is called; its own types are of what runs in a browser.
declare module "swagger-ui-dist/absolute-path.js" {
  /** The folder with its files. */
  export default function getAbsoluteFSPath(): string;
}
