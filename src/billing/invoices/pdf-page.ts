import { readFileSync } from 'node:fs';
import type PdfDocument from 'pdfkit';
import type { Weight } from './document-fonts';
import { DocumentFonts } from './document-fonts';

const INK = '#1c2430';
export const SOFT = '#5d6875';
const HAIRLINE = '#d5dae0';
export const ACCENT = '#17406d';
export const SHADE = '#f3f5f8';

const MARGIN = 50;
/** Height of the foot with the space above it. */
const FOOTER = 34;
const FOOT_MARGIN = 34;
/** Countries that write on Letter. */
const LETTER = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?-(?:US|CA|MX|PH|CL|CO|CR|GT|PA|PR|SV|VE)$/;

export interface TextStyle {
  readonly size?: number;
  readonly weight?: Weight;
  readonly color?: string;
  readonly align?: 'left' | 'right';
}

export interface PageText {
  readonly title: string;
  readonly author: string;
  /** UTC epoch milliseconds. */
  readonly createdAt: number;
  readonly locale: string;
  /** A word behind everything, across each page. */
  readonly watermark?: string | undefined;
}

/**
 * A page to write on from top to bottom. The same calls make the same bytes: the date is given, and nothing
 * is compressed, since compressors change.
 */
export class PdfPages {
  readonly fonts: DocumentFonts;
  readonly left = MARGIN;
  readonly right: number;
  /** Where the next thing is written. */
  y = MARGIN;
  readonly #pdf: PDFKit.PDFDocument;
  readonly #chunks: Buffer[] = [];
  readonly #ended: Promise<void>;
  readonly #watermark: string | undefined;

  /** The library is read when the first document is written: it is large, and most processes write none. */
  static async open(text: PageText): Promise<PdfPages> {
    const { default: library } = await import('pdfkit');
    return new PdfPages(library, text);
  }

  private constructor(
    Library: typeof PdfDocument,
    { title, author, createdAt, locale, watermark }: PageText,
  ) {
    this.#pdf = new Library({
      size: LETTER.test(locale) ? 'LETTER' : 'A4',
      margins: { top: MARGIN, bottom: 0, left: MARGIN, right: MARGIN },
      bufferPages: true,
      compress: false,
      lang: 'en',
      displayTitle: true,
      pdfVersion: '1.7',
      info: {
        Title: title,
        Author: author,
        Creator: 'Dependable Call Exchange',
        Producer: 'Dependable Call Exchange',
        CreationDate: new Date(createdAt),
        ModDate: new Date(createdAt),
      },
    });
    this.#pdf.registerFont('Wide', fontFile('DejaVuSansCondensed'));
    this.#pdf.registerFont('Wide-Bold', fontFile('DejaVuSansCondensed-Bold'));
    this.fonts = new DocumentFonts(glyphsOf(this.#pdf));
    this.right = this.#pdf.page.width - MARGIN;
    this.#watermark = watermark;
    this.#mark();
    this.#ended = new Promise((resolve, reject) => {
      this.#pdf.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
      this.#pdf.on('end', resolve);
      this.#pdf.on('error', reject);
    });
  }

  get width(): number {
    return this.right - this.left;
  }

  /** Last place that may be written on; below is the footer. */
  get bottom(): number {
    return this.#pdf.page.height - FOOT_MARGIN - FOOTER;
  }

  /** How high a text will stand. */
  heightOf(text: string, width: number, style: TextStyle = {}): number {
    return this.#pdf.heightOfString(this.#set(text, style), { width, lineGap: 1.5 });
  }

  widthOf(text: string, style: TextStyle = {}): number {
    return this.#pdf.widthOfString(this.#set(text, style));
  }

  /** Writes at a place, wrapped within the width; does not move on. */
  write(text: string, x: number, y: number, width: number, style: TextStyle = {}): void {
    const written = this.#set(text, style);
    this.#pdf
      .fillColor(style.color ?? INK)
      .text(written, x, y, { width, align: style.align ?? 'left', lineGap: 1.5 });
  }

  /** Writes lines below each other. @returns where the next would be */
  lines(texts: readonly string[], x: number, y: number, width: number, style: TextStyle = {}): number {
    let at = y;
    for (const text of texts) {
      this.write(text, x, at, width, style);
      at += this.heightOf(text, width, style) + 1;
    }
    return at;
  }

  rule(y: number, from = this.left, to = this.right, color = HAIRLINE, width = 0.6): void {
    this.#pdf.moveTo(from, y).lineTo(to, y).lineWidth(width).strokeColor(color).stroke();
  }

  box(x: number, y: number, width: number, height: number, color: string): void {
    this.#pdf.rect(x, y, width, height).fill(color);
  }

  addPage(): void {
    this.#pdf.addPage();
    this.#mark();
    this.y = MARGIN;
  }

  /** Writes the foot of each page, once it is known how many there are. */
  async finish(foot: (page: number, pages: number) => { left: string; right: string }): Promise<Buffer> {
    const { start, count } = this.#pdf.bufferedPageRange();
    for (let page = start; page < start + count; page++) {
      this.#pdf.switchToPage(page);
      const { left, right } = foot(page + 1, count);
      const y = this.#pdf.page.height - FOOT_MARGIN - 12;
      const style = { size: 7.5, color: SOFT };
      this.rule(y - 7);
      this.write(left, this.left, y, this.width - 90, style);
      this.write(right, this.right - 90, y, 90, { ...style, align: 'right' });
    }
    this.#pdf.end();
    await this.#ended;
    return Buffer.concat(this.#chunks);
  }

  #mark(): void {
    if (this.#watermark === undefined) return;
    const { width, height } = this.#pdf.page;
    const origin: [number, number] = [width / 2, height / 2];
    this.#pdf.save().rotate(-35, { origin }).font('Helvetica-Bold').fontSize(110).fillColor('#eef1f4');
    this.#pdf.text(this.#watermark, 0, height / 2 - 55, { width, align: 'center', lineBreak: false });
    this.#pdf.restore();
  }

  #set(text: string, { size = 9, weight = 'regular' }: TextStyle): string {
    const written = this.fonts.write(text, weight);
    this.#pdf.font(written.font).fontSize(size);
    return written.text;
  }
}

/** Files of fonts by name: each is read once, for whoever writes a document may be keeping others waiting. */
const fontFiles = new Map<string, Buffer>();

function fontFile(name: string): Buffer {
  let file = fontFiles.get(name);
  if (!file) {
    file = readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
    fontFiles.set(name, file);
  }
  return file;
}

/** pdfkit does not say what its fonts have, but they do. */
function glyphsOf(pdf: PDFKit.PDFDocument): (codePoint: number) => boolean {
  interface Holder {
    readonly _font: { readonly font: { hasGlyphForCodePoint(codePoint: number): boolean } };
  }
  const { font } = (pdf.font('Wide') as unknown as Holder)._font;
  return (codePoint) => font.hasGlyphForCodePoint(codePoint);
}
