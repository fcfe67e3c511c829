/*
 * Saves by itself, a moment after the last change, and never over somebody else's change: each save names the version that
 * it rests on. When that is refused, both versions are kept until the user has decided.
 */
import { ApiError, request } from '../api';
import type { Workflow } from '../workflows/types';
import type { Graph, GraphDocument } from './document';
import { graphOf } from './layout';
import { isSame } from './merge';

const PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 30_000;

export interface Conflict {
	base: Graph;
	theirs: Graph;
	etag: string | null;
	workflow: Workflow;
}

export interface Saving {
	state: 'saved' | 'unsaved' | 'saving' | 'failed';
	/* Why the last try failed; it is tried again. */
	error: Error | null;
	conflict: Conflict | null;
}

export class Saver {
	saving: Saving = { state: 'saved', error: null, conflict: null };
	#document: GraphDocument;
	#path: string;
	/* What the next save rests on, and its version; where steps got their places here, the server is told with it. */
	#base!: Graph;
	#isPlaced!: boolean;
	#etag!: string | null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#pause = PAUSE_MS;
	#running: Promise<void> | null = null;
	#listeners = new Set<() => void>();
	#stop: () => void = () => {};
	onSaved: (workflow: Workflow) => void = () => {};

	constructor(document: GraphDocument, workflow: Workflow, etag: string | null) {
		this.#document = document;
		this.#path = `/api/workflows/${workflow.id}`;
		this.#rest(document.graph, document.graph.nodes !== workflow.nodes, etag);
	}

	#rest(base: Graph, isPlaced: boolean, etag: string | null) {
		this.#base = base;
		this.#isPlaced = isPlaced;
		this.#etag = etag;
	}

	/* From here on it saves by itself, until end(). */
	start(): void {
		this.#stop = this.#document.subscribe(() => this.#changed());
		if (this.isDirty) this.#changed();
	}

	subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	};

	end(): void {
		clearTimeout(this.#timer);
		this.#stop();
	}

	get isDirty(): boolean {
		const { nodes, edges, name } = this.#document.state;
		return nodes !== this.#base.nodes || edges !== this.#base.edges || name !== this.#base.name;
	}

	#set(saving: Partial<Saving>) {
		this.saving = { ...this.saving, ...saving };
		for (const listener of this.#listeners) listener();
	}

	#changed() {
		if (!this.isDirty) {
			clearTimeout(this.#timer);
			if (this.saving.state === 'unsaved') this.#set({ state: 'saved' });
			return;
		}
		if (this.saving.state === 'saved') this.#set({ state: 'unsaved' });
		this.#later(this.saving.state === 'failed' ? this.#pause : PAUSE_MS);
	}

	#later(ms: number) {
		clearTimeout(this.#timer);
		if (!this.saving.conflict) this.#timer = setTimeout(() => void this.flush(), ms);
	}

	/* Saves now what is not saved yet. Resolves to whether everything is saved. */
	async flush({ keepalive = false } = {}): Promise<boolean> {
		clearTimeout(this.#timer);
		while (this.#running) await this.#running;
		if (!this.isDirty) return true;
		if (this.saving.conflict) return false;
		this.#running = this.#save(keepalive);
		await this.#running;
		this.#running = null;
		return !this.isDirty;
	}

	async #save(keepalive: boolean) {
		const graph = this.#document.graph;
		const body = {
			...(graph.name !== this.#base.name && { name: graph.name }),
			...((graph.nodes !== this.#base.nodes || this.#isPlaced) && { nodes: graph.nodes }),
			...(graph.edges !== this.#base.edges && { edges: graph.edges }),
		};
		this.#set({ state: 'saving' });
		try {
			const headers: Record<string, string> = this.#etag ? { 'If-Match': this.#etag } : {};
			const { data, etag } = await request<Workflow>('PUT', this.#path, { body, headers, keepalive, retries: 0 });
			this.#rest(graph, false, etag);
			this.#pause = PAUSE_MS;
			this.#set({ state: this.isDirty ? 'unsaved' : 'saved', error: null });
			this.onSaved(data);
			if (this.isDirty) this.#later(PAUSE_MS);
		} catch (error) {
			await this.#failed(error as Error);
		}
	}

	async #failed(error: Error) {
		if (error instanceof ApiError && error.status === 412) {
			try {
				return await this.#meet();
			} catch (unread) {
				error = unread as Error;
			}
		}
		this.#set({ state: 'failed', error });
		/* What the API refuses is not mended by asking again. */
		const passes = error instanceof ApiError && (error.isOffline || error.status >= 500 || error.status === 429);
		if (!passes) return;
		this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
		this.#later(this.#pause);
	}

	/* Reads the version that stands there now. The lost answer of our own save is no conflict. */
	async #meet() {
		const { data, etag } = await request<Workflow>('GET', this.#path);
		const theirs = graphOf(data);
		if (isSame(theirs, this.#document.graph)) {
			this.#rest(this.#document.graph, theirs.nodes !== data.nodes, etag);
			return this.#set({ state: 'saved', error: null });
		}
		if (isSame(theirs, this.#base)) {
			this.#etag = etag; /* only what we do not edit has changed */
			this.#set({ state: 'unsaved' });
			return this.#later(0);
		}
		this.#set({ state: 'unsaved', conflict: { base: this.#base, theirs, etag, workflow: data } });
	}

	/* Goes on with `graph` (a merge, or one of the two); undo leads back to what was here. */
	resolve(graph: Graph): void {
		const { conflict } = this.saving;
		if (!conflict) return;
		this.#rest(conflict.theirs, conflict.theirs.nodes !== conflict.workflow.nodes, conflict.etag);
		this.#set({ conflict: null, error: null, state: graph === conflict.theirs ? 'saved' : 'unsaved' });
		this.#document.change(graph);
		void this.flush();
	}

	/* Takes over what was changed elsewhere, while there is nothing unsaved here. Resolves to whether there was something. */
	async refresh(): Promise<boolean> {
		if (this.isDirty || this.#running || this.saving.conflict) return false;
		const { data, etag } = await request<Workflow>('GET', this.#path);
		if (etag === this.#etag || this.isDirty) return false;
		const graph = graphOf(data);
		if (isSame(graph, this.#base)) {
			this.#etag = etag;
			return false;
		}
		this.#rest(graph, graph.nodes !== data.nodes, etag);
		this.#document.replace(graph, false);
		this.onSaved(data);
		return true;
	}
}
