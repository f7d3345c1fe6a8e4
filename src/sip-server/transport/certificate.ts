import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { SipServerLog, TlsOptions } from '../options';

const POLL_MS = 5_000;
const WARN_BEFORE_MS = 14 * 24 * 3_600_000;

/** Who shows our certificate: a server of TLS or HTTPS. */
export interface CertificateUser {
  setSecureContext(options: SecureContextOptions): void;
}

/** What a TLS listener, and a TLS connection of ours, need. */
export interface TlsSettings {
  /** For servers: the certificate as it stands, and who is told when it changes. */
  readonly certificate: Certificate;
  /** Roots to trust, PEM; undefined: the well-known ones. */
  readonly roots: string | undefined;
  readonly verifyPeers: boolean;
}

/**
 * Our certificate with its key. The files are looked at every few seconds, which works for links and
 * mounted secrets too; new ones are shown from the next handshake on, and connections that stand stay.
 */
export class Certificate {
  readonly #options: TlsOptions;
  readonly #log: SipServerLog;
  readonly #users = new Set<CertificateUser>();
  #context: SecureContextOptions;
  #taken: string;
  #seen: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: TlsOptions, log: SipServerLog, context: SecureContextOptions, stamp: string) {
    this.#options = options;
    this.#log = log;
    this.#context = context;
    this.#taken = stamp;
    this.#seen = stamp;
    this.#timer = setInterval(() => this.#look(), options.pollMs ?? POLL_MS);
    this.#timer.unref();
  }

  /** @throws Error in one line that names the file when certificate or key cannot be used */
  static load(options: TlsOptions, log: SipServerLog): Certificate {
    const stamp = stampOf(options);
    const context = read(options, log);
    return new Certificate(options, log, context, stamp);
  }

  /** What to open a server with. */
  get context(): SecureContextOptions {
    return this.#context;
  }

  /** This server shows each new certificate, too. */
  use(user: CertificateUser): void {
    this.#users.add(user);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#users.clear();
  }

  #look(): void {
    const { certFile } = this.#options;
    const stamp = stampOf(this.#options);
    const settled = stamp === this.#seen;
    this.#seen = stamp;
    // Two files are written one after the other: they count once nothing changes any more.
    if (!settled || stamp === this.#taken) return;
    this.#taken = stamp;
    try {
      const context = read(this.#options, this.#log);
      this.#context = context;
      for (const user of this.#users) user.setSecureContext(context);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log('warn', 'the new certificate is no good; the old one stays', { certFile, why });
    }
  }
}

/** Roots for connections of ours. @throws Error in one line that names the file */
export function readRoots({ caFile }: TlsOptions): string | undefined {
  return caFile === undefined ? undefined : readText(caFile, 'sip.tls.caFile');
}

/** Certificate and key that belong together, told of in the log. */
function read({ certFile, keyFile }: TlsOptions, log: SipServerLog): SecureContextOptions {
  const cert = readText(certFile, 'sip.tls.certFile');
  const key = readText(keyFile, 'sip.tls.keyFile');
  const minVersion = 'TLSv1.2';
  let leaf: X509Certificate;
  try {
    createSecureContext({ cert, key, minVersion });
    leaf = new X509Certificate(cert);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${certFile} (sip.tls.certFile) with ${keyFile} (sip.tls.keyFile) cannot be used: ${why}`,
      {
        cause: error,
      },
    );
  }
  const { validTo, subjectAltName } = leaf;
  const soon = Date.parse(validTo) < Date.now() + WARN_BEFORE_MS;
  log(soon ? 'warn' : 'info', soon ? 'the certificate ends soon' : 'the certificate is read', {
    certFile,
    validTo,
    names: subjectAltName,
  });
  return { cert, key, minVersion };
}

function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${file} (${setting}) cannot be read: ${why}`, { cause: error });
  }
}

/** What tells one state of the files from another; files that cannot be looked at are a state, too. */
function stampOf({ certFile, keyFile }: TlsOptions): string {
  return [certFile, keyFile].map(stampOfFile).join(' ');
}

function stampOfFile(file: string): string {
  try {
    const stat = statSync(file, { bigint: true });
    return `${stat.ino}/${stat.size}/${stat.mtimeNs}/${stat.ctimeNs}`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'none';
  }
}
