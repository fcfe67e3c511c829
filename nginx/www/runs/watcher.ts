/*
 * Follows one run: asks how it stands every half second while it runs, less often while nobody looks, and tells who
 * subscribed. Steps that did not change keep their identity, so that only what changed is drawn again.
 */
import { ApiError, get } from '../api';
import type { Execution, StepLog } from '../workflows/types';

const POLL_MS = 500;
const HIDDEN_POLL_MS = 5000;
const LONGEST_POLL_MS = 15_000;

export class RunWatcher {
	execution: Execution | null = null;
	/* Why it could not be read; it is tried again while the run may still go on. */
	error: Error | null = null;
	/* Called when a run that was seen running has ended. */
	onEnd: (execution: Execution) => void = () => {};
	#workflowId: string;
	#id: string | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	#steps = new Map<string, StepLog>();
	#texts = new Map<string, string>();
	#listeners = new Set<() => void>();

	constructor(workflowId: string) {
		this.#workflowId = workflowId;
	}

	/* Until end(). */
	start(): void {
		document.addEventListener('visibilitychange', this.#visible);
	}

	subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	};

	end(): void {
		clearTimeout(this.#timer);
		this.#id = null;
		document.removeEventListener('visibilitychange', this.#visible);
	}

	#visible = () => {
		if (!document.hidden && this.execution?.status === 'RUNNING') void this.#poll();
	};

	stepOf(nodeId: string): StepLog | undefined {
		return this.#steps.get(nodeId);
	}

	/* Shows a run: one that was just started (its first state is known), or one by its id. */
	show(run: Execution | string | null): void {
		clearTimeout(this.#timer);
		const id = typeof run === 'string' ? run : (run?.id ?? null);
		if (id !== this.#id) {
			this.#steps.clear();
			this.#texts.clear();
			this.execution = null;
			this.error = null;
		}
		this.#id = id;
		if (run && typeof run !== 'string') this.#take(run);
		else {
			this.#tell();
			if (id) void this.#poll();
		}
	}

	/* Asks at once, for instance after a cancel. */
	poll(): void {
		void this.#poll();
	}

	#tell() {
		for (const listener of this.#listeners) listener();
	}

	#take(execution: Execution) {
		const ended = this.execution?.status === 'RUNNING' && execution.status !== 'RUNNING';
		const logs = execution.logs.map((step) => {
			const key = `${step.nodeId}#${step.iteration ?? 0}`;
			const text = JSON.stringify(step);
			const known = this.#texts.get(key) === text ? this.#kept(key) : undefined;
			this.#texts.set(key, text);
			return known ?? step;
		});
		this.#keep(logs);
		this.execution = { ...execution, logs };
		this.error = null;
		this.#failures = 0;
		this.#tell();
		clearTimeout(this.#timer);
		if (execution.status === 'RUNNING') this.#timer = setTimeout(() => void this.#poll(), document.hidden ? HIDDEN_POLL_MS : POLL_MS);
		else if (ended) this.onEnd(this.execution);
	}

	#byKey = new Map<string, StepLog>();

	#kept(key: string): StepLog | undefined {
		return this.#byKey.get(key);
	}

	#keep(logs: StepLog[]) {
		this.#byKey = new Map(logs.map((step) => [`${step.nodeId}#${step.iteration ?? 0}`, step]));
		this.#steps = new Map();
		for (const step of logs) {
			const before = this.#steps.get(step.nodeId);
			/* Of a loop's rounds, the one that is under way, else the last that was reached. */
			if (!before || step.status === 'running' || (step.status !== 'idle' && before.status !== 'running')) this.#steps.set(step.nodeId, step);
		}
	}

	async #poll() {
		clearTimeout(this.#timer);
		const id = this.#id;
		if (!id) return;
		try {
			const execution = await get<Execution>(`/api/workflows/${this.#workflowId}/executions/${id}`, { retries: 0 });
			if (this.#id === id) this.#take(execution);
		} catch (error) {
			if (this.#id !== id) return;
			this.error = error as Error;
			this.#failures++;
			this.#tell();
			if (error instanceof ApiError && (error.isOffline || error.status >= 500 || error.status === 429)) {
				const pause = error.retryAfterS * 1000 || POLL_MS * 2 ** this.#failures;
				this.#timer = setTimeout(() => void this.#poll(), Math.min(pause, LONGEST_POLL_MS));
			}
		}
	}
}
