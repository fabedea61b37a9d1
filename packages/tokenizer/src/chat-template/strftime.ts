// strftime in the C locale with glibc's flags, for `strftime_now`: the date is in local time and naive, as Python's
// datetime.now() is (%Z and %z are empty).

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000) + 1;
}

/** The ISO week and the year it belongs to. */
function isoWeek(date: Date): [number, number] {
  const thursday = new Date(
    Date.UTC(date.getFullYear(), date.getMonth(), date.getDate() - ((date.getDay() + 6) % 7) + 3),
  );
  const year = thursday.getUTCFullYear();
  return [1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)), year];
}

/** A number with its width and padding character, or text. */
type Field = readonly [value: number, width: number, pad: '0' | ' '] | string;

function field(date: Date, code: string): Field | undefined {
  const hour12 = date.getHours() % 12 || 12;
  switch (code) {
    case 'a':
      return days[date.getDay()].slice(0, 3);
    case 'A':
      return days[date.getDay()];
    case 'b':
    case 'h':
      return months[date.getMonth()].slice(0, 3);
    case 'B':
      return months[date.getMonth()];
    case 'c':
      return strftime(date, '%a %b %e %H:%M:%S %Y');
    case 'C':
      return [Math.floor(date.getFullYear() / 100), 2, '0'];
    case 'd':
      return [date.getDate(), 2, '0'];
    case 'D':
    case 'x':
      return strftime(date, '%m/%d/%y');
    case 'e':
      return [date.getDate(), 2, ' '];
    case 'f':
      return [date.getMilliseconds() * 1000, 6, '0'];
    case 'F':
      return strftime(date, '%Y-%m-%d');
    case 'g':
      return [isoWeek(date)[1] % 100, 2, '0'];
    case 'G':
      return [isoWeek(date)[1], 1, '0'];
    case 'H':
      return [date.getHours(), 2, '0'];
    case 'I':
      return [hour12, 2, '0'];
    case 'j':
      return [dayOfYear(date), 3, '0'];
    case 'k':
      return [date.getHours(), 2, ' '];
    case 'l':
      return [hour12, 2, ' '];
    case 'm':
      return [date.getMonth() + 1, 2, '0'];
    case 'M':
      return [date.getMinutes(), 2, '0'];
    case 'n':
      return '\n';
    case 'p':
      return date.getHours() < 12 ? 'AM' : 'PM';
    case 'P':
      return date.getHours() < 12 ? 'am' : 'pm';
    case 'r':
      return strftime(date, '%I:%M:%S %p');
    case 'R':
      return strftime(date, '%H:%M');
    case 's':
      return [Math.floor(date.getTime() / 1000), 1, '0'];
    case 'S':
      return [date.getSeconds(), 2, '0'];
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return strftime(date, '%H:%M:%S');
    case 'u':
      return [date.getDay() || 7, 1, '0'];
    case 'U':
      return [Math.floor((dayOfYear(date) + 6 - date.getDay()) / 7), 2, '0'];
    case 'V':
      return [isoWeek(date)[0], 2, '0'];
    case 'w':
      return [date.getDay(), 1, '0'];
    case 'W':
      return [Math.floor((dayOfYear(date) + 6 - ((date.getDay() + 6) % 7)) / 7), 2, '0'];
    case 'y':
      return [date.getFullYear() % 100, 2, '0'];
    case 'Y':
      return [date.getFullYear(), 1, '0'];
    case 'z':
    case 'Z':
      return '';
    case '%':
      return '%';
  }
  return undefined;
}

/** Formats `date`; a directive that glibc does not know stays as it is. */
export function strftime(date: Date, format: string): string {
  return format.replace(
    /%([-_0^#]*)(\d*)([EO]?)([a-zA-Z%])/g,
    (whole, flags: string, width: string, _era, code: string) => {
      const made = field(date, code);
      if (made === undefined) return whole;
      let text: string;
      if (typeof made === 'string') text = width === '' ? made : made.padStart(Number(width));
      else {
        const pad = flags.includes('_') ? ' ' : flags.includes('0') ? '0' : made[2];
        const least = flags.includes('-') ? 0 : Math.max(made[1], Number(width));
        text = String(made[0]).padStart(least, pad);
      }
      if (flags.includes('^')) return text.toUpperCase();
      return flags.includes('#') ? (code === 'p' ? text.toLowerCase() : text.toUpperCase()) : text;
    },
  );
}
