/* The value at `share` (0 to 1) of a sorted list. */
export function quantile(sorted, share) {
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/* The median of some runs, and the lowest and the highest of them. */
export function summary(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
	return { median, low: sorted[0], high: sorted.at(-1) };
}
