// SHA-256 and HMAC by Web Crypto, which Node 20, browsers and workers all have.
const encoder = new TextEncoder();
const hex = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');

/** SHA-256 of a text, in hex. */
export async function sha256(text: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
}

const keyOf = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);

/** HMAC-SHA-256 of a text, in hex. @throws RangeError for a secret under 16 characters. */
export async function hmac(secret: string, text: string): Promise<string> {
  if (secret.length < 16)
    throw new RangeError(`secret: expected at least 16 characters, got ${secret.length}`);
  return hex(await crypto.subtle.sign('HMAC', await keyOf(secret), encoder.encode(text)));
}

/** True when `signature` is the HMAC of `text`; compared in constant time. */
export async function verifyHmac(secret: string, text: string, signature: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify('HMAC', await keyOf(secret), bytes, encoder.encode(text));
}
