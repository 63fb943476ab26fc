/**
 * The safetensors format: 8 bytes (u64, little endian) with the header's length, the header as JSON, then the data.
 *
 * No maintained JavaScript package writes it; reading is strict, because a damaged file must not train on.
 *
 * @see https://github.com/huggingface/safetensors
 */
import * as z from "zod";
import { LuceError } from "../../errors.ts";

/** One array of a file: its bytes as they are stored, little endian. */
export type StoredTensor = { readonly type: TensorType; readonly shape: readonly number[]; readonly bytes: Uint8Array };

export type TensorFile = {
  readonly tensors: { readonly [name: string]: StoredTensor };
  readonly metadata: { readonly [name: string]: string };
};

/** Bytes an element. */
const widths = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

export type TensorType = keyof typeof widths;

/** The format's own limit. */
const LONGEST_HEADER = 100_000_000;

const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(widths) as [TensorType, ...TensorType[]]),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/** The file's bytes: arrays in the order of their names, the data aligned to 8 bytes. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const name of names) {
    const { type, shape, bytes } = tensors[name];
    header[name] = { dtype: type, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + headerLength);
  let offset = 8 + headerLength;
  for (const name of names) {
    file.set(tensors[name].bytes, offset);
    offset += tensors[name].bytes.length;
  }
  return file;
}

/**
 * Reads a file's bytes; the arrays are views of them.
 *
 * @throws LuceError `invalid-input` for a header that is too long, broken or does not fit the data: offsets out of
 *   range, that overlap, leave gaps, or contradict the shape.
 */
export function decodeSafetensors(file: Uint8Array, where: string): TensorFile {
  const fail = (message: string): never => {
    throw new LuceError("invalid-input", `not a whole safetensors file: ${message}`, {
      where,
      hint: "it may be cut off or damaged: fetch or save it again",
    });
  };
  if (file.length < 8) fail(`it has ${file.length} bytes`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(LONGEST_HEADER)) fail(`its header claims ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > file.length) fail(`its header claims ${length} bytes, the file has ${file.length}`);
  const header = parseHeader(file.subarray(8, dataStart), fail);
  const data = file.subarray(dataStart);

  const { __metadata__: rawMetadata = {}, ...entries } = header;
  const metadata = metadataSchema.safeParse(rawMetadata);
  if (!metadata.success) return fail("its metadata is not made of strings");
  const tensors: Record<string, StoredTensor> = {};
  const spans: [number, number][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const parsed = entrySchema.safeParse(entry);
    if (!parsed.success) return fail(`the entry "${name}" is broken (${parsed.error.issues[0].message})`);
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const [begin, end] = offsets;
    if (begin > end || end > data.length) fail(`"${name}" lies at ${begin} to ${end} of ${data.length} bytes`);
    const size = shape.reduce((product, axis) => product * axis, widths[dtype]);
    if (size !== end - begin) fail(`"${name}" of ${dtype} [${shape.join(", ")}] has ${end - begin} bytes, not ${size}`);
    spans.push([begin, end]);
    tensors[name] = { type: dtype, shape, bytes: data.subarray(begin, end) };
  }
  spans.sort(([a, aEnd], [b, bEnd]) => a - b || aEnd - bEnd);
  let reached = 0;
  for (const [begin, end] of spans) {
    if (begin !== reached)
      fail(begin < reached ? `arrays overlap at byte ${begin}` : `bytes ${reached} to ${begin} are no array's`);
    reached = end;
  }
  if (reached !== data.length) fail(`${data.length - reached} bytes at its end are no array's`);
  return { tensors, metadata: metadata.data };
}

function parseHeader(bytes: Uint8Array, fail: (message: string) => never): Record<string, unknown> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return fail("its header is no JSON object");
  }
}

/** Stores float32 values. */
export function storeFloat32(data: Float32Array<ArrayBuffer>, shape: readonly number[]): StoredTensor {
  return { type: "F32", shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/**
 * The values of a stored array of floats, as float32.
 *
 * @throws LuceError `unsupported` for integers.
 */
export function readFloat32({ type, bytes }: StoredTensor, where: string): Float32Array<ArrayBuffer> {
  // Not `bytes.slice()`: a Buffer of Node would give a view.
  const copy = new Uint8Array(bytes).buffer;
  switch (type) {
    case "F32":
      return new Float32Array(copy);
    case "F64":
      return Float32Array.from(new Float64Array(copy));
    case "BF16":
      return new Float32Array(Uint32Array.from(new Uint16Array(copy), (half) => half << 16).buffer);
    case "F16":
      return Float32Array.from(new Uint16Array(copy), halfToNumber);
    default:
      throw new LuceError("unsupported", `an array of ${type} is no array of parameters`, { where });
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
