/* Times, lengths and numbers in the reader's language and zone. */
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'long' });
const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact' });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
	['second', 60],
	['minute', 60],
	['hour', 24],
	['day', 7],
];

export function formatDate(iso: string): string {
	return date.format(new Date(iso));
}

/* "3 minutes ago"; a date when it is longer ago than a week. */
export function formatAgo(iso: string, now = Date.now()): string {
	let amount = (new Date(iso).getTime() - now) / 1000;
	for (const [unit, size] of STEPS) {
		if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
		amount /= size;
	}
	return formatDate(iso);
}

export function formatNumber(value: number): string {
	return number.format(value);
}

/* For the axis of a chart: "12K". */
export function formatCompact(value: number): string {
	return compact.format(value);
}

/* Time that something took: "240 ms", "3.2 s", "2 min 5 s". */
export function formatTook(ms: number): string {
	if (ms < 1000) return `${Math.round(ms)} ms`;
	if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
	const s = Math.round(ms / 1000);
	return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/* Length of audio: "0:07", "12:30". */
export function formatLength(seconds: number): string {
	const s = Math.round(seconds);
	const rest = String(s % 60).padStart(2, '0');
	return s < 3600 ? `${Math.floor(s / 60)}:${rest}` : `${Math.floor(s / 3600)}:${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}:${rest}`;
}
