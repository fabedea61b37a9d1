// The formats that are asserted, as patterns of whole texts. Dates know the length of months and leap years.
import { type CharDfa, intersectDfa } from './char-dfa.ts';
import { parseRegex, regexDfa } from './regex.ts';

const leap = '(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)';
const date = `(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))|${leap}-02-29)`;
const offset = '([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)';
const time = `([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?${offset}`;
const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `${octet}(\\.${octet}){3}`;
const h16 = '[0-9A-Fa-f]{1,4}';
const tail = `(${h16}:${h16}|${ipv4})`;
const ipv6 = [
  `(${h16}:){6}${tail}`,
  `::(${h16}:){5}${tail}`,
  `(${h16})?::(${h16}:){4}${tail}`,
  `((${h16}:){0,1}${h16})?::(${h16}:){3}${tail}`,
  `((${h16}:){0,2}${h16})?::(${h16}:){2}${tail}`,
  `((${h16}:){0,3}${h16})?::${h16}:${tail}`,
  `((${h16}:){0,4}${h16})?::${tail}`,
  `((${h16}:){0,5}${h16})?::${h16}`,
  `((${h16}:){0,6}${h16})?::`,
].join('|');
const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const hostname = `${label}(\\.${label})*`;
const pct = '%[0-9A-Fa-f]{2}';
const pchar = `([A-Za-z0-9._~!$&'()*+,;=:@-]|${pct})`;
const regName = `([A-Za-z0-9._~!$&'()*+,;=-]|${pct})*`;
const authority = `(([A-Za-z0-9._~!$&'()*+,;=:-]|${pct})*@)?(\\[(${ipv6})\\]|${regName})(:\\d*)?`;
const query = `(\\?(${pchar}|[/?])*)?(#(${pchar}|[/?])*)?`;
const uri = `[A-Za-z][A-Za-z0-9+.-]*:(//${authority}(/${pchar}*)*|/?${pchar}${pchar}*(/${pchar}*)*|/|)${query}`;
const relative = `(//${authority}(/${pchar}*)*|/(${pchar}+(/${pchar}*)*)?|([A-Za-z0-9._~!$&'()*+,;=@-]|${pct})+(/${pchar}*)*|)${query}`;
const atext = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";

const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}[Tt]${time}`,
  duration:
    'P((\\d+Y(\\d+M(\\d+D)?)?|\\d+M(\\d+D)?|\\d+D)(T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S))?|T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S)|\\d+W)',
  email: `${atext}+(\\.${atext}+)*@${hostname}`,
  hostname,
  ipv4,
  ipv6,
  uuid: '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}',
  uri,
  'uri-reference': `(${uri}|${relative})`,
  'json-pointer': '(/([^/~]|~[01])*)*',
  'relative-json-pointer': '(0|[1-9][0-9]*)(#|(/([^/~]|~[01])*)*)',
};
/** Formats of the specifications that are not held to: refused when they are to be asserted. */
const known = new Set([
  'idn-email',
  'idn-hostname',
  'iri',
  'iri-reference',
  'uri-template',
  'regex',
  'ip-address',
  'host-name',
  'color',
]);
const built = new Map<string, CharDfa>();

/** The texts of a format; `unsupported` for one that only the specification knows, undefined for one nobody defines. */
export function formatDfa(format: string): CharDfa | 'unsupported' | undefined {
  const pattern = Object.hasOwn(patterns, format) ? patterns[format] : undefined;
  if (pattern === undefined) return known.has(format) ? 'unsupported' : undefined;
  let dfa = built.get(format);
  if (dfa === undefined) {
    dfa = regexDfa(parseRegex(pattern));
    if (format === 'hostname') dfa = intersectDfa(dfa, regexDfa(parseRegex('.{1,253}')));
    built.set(format, dfa);
  }
  return dfa;
}
