/* Usage as it is on the wire. Days are those of UTC, by which budgets are counted. */
export interface Counts {
	characters: number;
	/* What the provider counts; the rest was spoken before, and is not bought again. */
	billedCharacters: number;
	cachedCharacters: number;
}

export interface UsageEntry extends Counts {
	date: string;
	provider: string;
	profileId: string | null;
	profileName: string | null;
}

export interface Budget {
	monthlyCharacters: number | null;
	usedCharacters: number;
	/* The first moment of the next month. */
	resetsAt: string;
}

export interface Usage {
	from: string;
	to: string;
	days: UsageEntry[];
	totals: Counts;
	budget: Budget;
}
