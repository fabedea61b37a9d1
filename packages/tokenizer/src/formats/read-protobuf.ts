// Just enough of protocol buffers to read a SentencePiece model: fields in order, by wire type.

/** One field of a message: a number (varint or fixed), or bytes. */
export interface ProtobufField {
  readonly number: number;
  readonly bytes?: Uint8Array;
  /** Varints and 32-bit or 64-bit fixed fields as unsigned integers. */
  readonly integer?: number;
  /** A 32-bit field as a float. */
  readonly float?: number;
}

/** The fields of a message. Throws a RangeError when it is cut off, a TypeError for the obsolete group fields. */
export function* readProtobuf(bytes: Uint8Array): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count: number): number => {
    const from = at;
    at += count;
    if (at > bytes.length) throw new RangeError('protobuf: the message is cut off');
    return from;
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[take(1)];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new RangeError('protobuf: a number is longer than ten bytes');
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, integer: varint() };
        break;
      case 1:
        yield { number, integer: Number(view.getBigUint64(take(8), true)) };
        break;
      case 2: {
        const length = varint();
        const from = take(length);
        yield { number, bytes: bytes.subarray(from, from + length) };
        break;
      }
      case 5: {
        const from = take(4);
        yield { number, integer: view.getUint32(from, true), float: view.getFloat32(from, true) };
        break;
      }
      default:
        throw new TypeError(`protobuf: the wire type ${tag % 8} is not known`);
    }
  }
}
