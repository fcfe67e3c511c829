/*
 * The workflow that is being edited: its wire nodes and edges, what is selected, and the way back. It is a store outside of
 * React, so that a drag re-renders the canvas and nothing else.
 *
 * Nodes and edges are never changed, only replaced; a snapshot for undo is therefore the two arrays. What is no node (older
 * or foreign data) stays in the array and is saved back as it came; it is only not shown.
 */
import { useSyncExternalStore } from 'react';
import type { Config, Json, WireEdge, WireNode } from '../workflows/types';

export interface Graph {
	readonly nodes: readonly unknown[];
	readonly edges: readonly unknown[];
	readonly name: string;
}

export interface State extends Graph {
	readonly selectedNodes: ReadonlySet<string>;
	readonly selectedEdges: ReadonlySet<string>;
	readonly canUndo: boolean;
	readonly canRedo: boolean;
}

const MOST_STEPS = 200;
/* Changes of the same thing within this time are one step back. */
const TOGETHER_MS = 1200;

/* Of a drag: one step back, however long it takes. Ends with moved(). */
export const DRAG = 'drag';

export function isNode(value: unknown): value is WireNode {
	return typeof value === 'object' && value !== null && typeof (value as WireNode).id === 'string';
}

export function isEdge(value: unknown): value is WireEdge {
	const edge = value as WireEdge | null;
	return typeof edge === 'object' && edge !== null && typeof edge.source === 'string' && typeof edge.target === 'string';
}

/* The nodes that can be shown: the first of each id. */
export function nodesOf(graph: Graph): WireNode[] {
	const seen = new Set<string>();
	return graph.nodes.filter((node): node is WireNode => isNode(node) && !seen.has(node.id) && !!seen.add(node.id));
}

/* An edge's own id, or one made of what it connects. */
export function edgeId(edge: WireEdge): string {
	return edge.id ?? `${edge.source}:${edge.sourceHandle ?? ''}→${edge.target}:${edge.targetHandle ?? ''}`;
}

export function edgesOf(graph: Graph): WireEdge[] {
	const ids = new Set(nodesOf(graph).map(({ id }) => id));
	const seen = new Set<string>();
	return graph.edges.filter((edge): edge is WireEdge => {
		if (!isEdge(edge) || !ids.has(edge.source) || !ids.has(edge.target)) return false;
		const id = edgeId(edge);
		return !seen.has(id) && !!seen.add(id);
	});
}

export function typeOf(node: WireNode): string {
	return node.data?.definition?.type ?? node.type ?? '';
}

export function titleOf(node: WireNode): string {
	return node.data?.definition?.title || typeOf(node) || node.id;
}

export function configOf(node: WireNode): Config {
	const config = node.data?.config;
	return config && typeof config === 'object' && !Array.isArray(config) ? config : {};
}

export function isDisabled(node: WireNode): boolean {
	return node.data?.status === 'disabled';
}

export function positionOf(node: WireNode): { x: number; y: number } {
	const { x, y } = node.position ?? { x: 0, y: 0 };
	return { x: Number.isFinite(x) ? x : 0, y: Number.isFinite(y) ? y : 0 };
}

const NONE: ReadonlySet<string> = new Set();

export class GraphDocument {
	#state: State;
	#past: Graph[] = [];
	#future: Graph[] = [];
	#last = { what: '', at: 0 };
	#listeners = new Set<() => void>();

	constructor(graph: Graph) {
		this.#state = { ...pick(graph), selectedNodes: NONE, selectedEdges: NONE, canUndo: false, canRedo: false };
	}

	subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	};

	get state(): State {
		return this.#state;
	}

	/* What would be saved. */
	get graph(): Graph {
		return pick(this.#state);
	}

	#set(change: Partial<State>) {
		this.#state = { ...this.#state, ...change, canUndo: this.#past.length > 0, canRedo: this.#future.length > 0 };
		for (const listener of this.#listeners) listener();
	}

	/* A change that can be taken back. Changes with the same `what` soon after each other are one. */
	change(change: Partial<Graph & Pick<State, 'selectedNodes' | 'selectedEdges'>>, what = ''): void {
		const now = performance.now();
		const isLate = now - this.#last.at > TOGETHER_MS && what !== DRAG;
		if (!what || what !== this.#last.what || isLate) {
			this.#past = [...this.#past.slice(1 - MOST_STEPS), this.graph];
		}
		this.#last = { what, at: now };
		this.#future = [];
		this.#set(change);
	}

	/* Takes over what was saved elsewhere; with `keepsUndo` one can go back to what was here before. */
	replace(graph: Graph, keepsUndo: boolean): void {
		if (keepsUndo) return this.change(pick(graph));
		this.#past = [];
		this.#future = [];
		this.#set(pick(graph));
	}

	undo(): void {
		const before = this.#past.pop();
		if (!before) return;
		this.#future.push(this.graph);
		this.#last = { what: '', at: 0 };
		this.#set(before);
	}

	redo(): void {
		const after = this.#future.pop();
		if (!after) return;
		this.#past.push(this.graph);
		this.#last = { what: '', at: 0 };
		this.#set(after);
	}

	select(nodes: Iterable<string>, edges: Iterable<string> = []): void {
		this.#set({ selectedNodes: new Set(nodes), selectedEdges: new Set(edges) });
	}

	node(id: string): WireNode | undefined {
		return this.#state.nodes.find((node): node is WireNode => isNode(node) && node.id === id);
	}

	/* Replaces nodes by id. */
	#mapNodes(ids: ReadonlySet<string>, map: (node: WireNode) => WireNode): unknown[] {
		return this.#state.nodes.map((node) => (isNode(node) && ids.has(node.id) ? map(node) : node));
	}

	/* New places; a drag is one step back, however many places it went through. */
	move(places: ReadonlyMap<string, { x: number; y: number }>, what: string): void {
		const nodes = this.#mapNodes(new Set(places.keys()), (node) => ({ ...node, position: { ...node.position, ...places.get(node.id)! } }));
		this.change({ nodes }, what);
	}

	/* Ends what `move` counts as one. */
	moved(): void {
		this.#last = { what: '', at: 0 };
	}

	/* A setting; undefined takes it away. */
	configure(id: string, name: string, value: Json | undefined): void {
		const nodes = this.#mapNodes(new Set([id]), (node) => {
			const { [name]: _old, ...rest } = configOf(node);
			const config = value === undefined ? rest : { ...configOf(node), [name]: value };
			return { ...node, data: { ...node.data, config } };
		});
		this.change({ nodes }, `${id}.${name}`);
	}

	retitle(id: string, title: string): void {
		const nodes = this.#mapNodes(new Set([id]), (node) => ({ ...node, data: { ...node.data, definition: { ...node.data?.definition, type: typeOf(node), title } } }));
		this.change({ nodes }, `${id}:title`);
	}

	setDisabled(ids: ReadonlySet<string>, disabled: boolean): void {
		const nodes = this.#mapNodes(ids, (node) => {
			const { status: _old, ...data } = node.data ?? {};
			return { ...node, data: disabled ? { ...data, status: 'disabled' } : data };
		});
		this.change({ nodes });
	}

	rename(name: string): void {
		this.change({ name }, 'name');
	}

	add(nodes: readonly WireNode[], edges: readonly WireEdge[]): void {
		this.change({
			nodes: [...this.#state.nodes, ...nodes],
			edges: [...this.#state.edges, ...edges],
			selectedNodes: new Set(nodes.map(({ id }) => id)),
			selectedEdges: NONE,
		});
	}

	connect(edge: WireEdge): void {
		this.change({ edges: [...this.#state.edges, edge] });
	}

	/* Nodes go with their edges. */
	remove(nodeIds: ReadonlySet<string>, edgeIds: ReadonlySet<string>): void {
		const goes = (edge: unknown) => isEdge(edge) && (edgeIds.has(edgeId(edge)) || nodeIds.has(edge.source) || nodeIds.has(edge.target));
		this.change({
			nodes: this.#state.nodes.filter((node) => !(isNode(node) && nodeIds.has(node.id))),
			edges: this.#state.edges.filter((edge) => !goes(edge)),
			selectedNodes: NONE,
			selectedEdges: NONE,
		});
	}
}

function pick({ nodes, edges, name }: Graph): Graph {
	return { nodes, edges, name };
}

/* A part of the document's state; renders again only when that part changes. */
export function useDocument<T>(document: GraphDocument, select: (state: State) => T): T {
	return useSyncExternalStore(document.subscribe, () => select(document.state));
}
