/** Stands for the decompressor of WOFF2 in what is built (esbuild.js): no font that we give to pdfkit is one. */
export default function noWoff2(): never {
  throw new Error('WOFF2 is not read.');
}
