/* Making nodes: new ones, and copies. */
import { configOf, nodesOf, positionOf, typeOf, type Graph } from './document';
import type { Config, NodeType, WireEdge, WireNode } from '../workflows/types';
import { isEdge, isNode } from './document';

const MARK = 'voiceover-steps';

/* An id that is short enough to stand in a reference such as {{script2.text}}. */
export function freshId(type: string, taken: Set<string>): string {
	const stem = type.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'step';
	let id = stem;
	for (let n = 2; taken.has(id); n++) id = `${stem}-${n}`;
	taken.add(id);
	return id;
}

export function makeNode(type: NodeType, position: { x: number; y: number }, graph: Graph): WireNode {
	const config: Config = {};
	for (const { name, default: value, group } of type.fields) if (value !== undefined && group === 'settings') config[name] = value;
	const { title, category, inputs, outputs } = type;
	return {
		id: freshId(type.type, new Set(nodesOf(graph).map(({ id }) => id))),
		type: type.type,
		position: { x: Math.round(position.x), y: Math.round(position.y) },
		data: { definition: { type: type.type, title, category, inputs, outputs }, config },
	};
}

/* References to copied nodes follow the copies. */
function renamed<T>(value: T, ids: Map<string, string>): T {
	let text = JSON.stringify(value);
	for (const [from, to] of ids) text = text.replaceAll(`{{${from}.`, `{{${to}.`).replaceAll(`{{${from}}}`, `{{${to}}}`);
	return JSON.parse(text) as T;
}

/* Copies with ids of their own, and the edges between them; `by` moves them. */
export function copies(nodes: readonly WireNode[], edges: readonly WireEdge[], graph: Graph, by: { x: number; y: number }): { nodes: WireNode[]; edges: WireEdge[] } {
	const taken = new Set(nodesOf(graph).map(({ id }) => id));
	const ids = new Map(nodes.map((node) => [node.id, freshId(typeOf(node), taken)]));
	return {
		nodes: nodes.map((node) => {
			const { x, y } = positionOf(node);
			const copy = { ...node, id: ids.get(node.id)!, position: { x: x + by.x, y: y + by.y } };
			return node.data?.config ? { ...copy, data: { ...node.data, config: renamed(configOf(node), ids) } } : copy;
		}),
		edges: edges
			.filter(({ source, target }) => ids.has(source) && ids.has(target))
			.map((edge) => {
				const [source, target] = [ids.get(edge.source)!, ids.get(edge.target)!];
				return { ...edge, id: `${source}-${target}-${crypto.randomUUID().slice(0, 8)}`, source, target };
			}),
	};
}

/* Steps as text for the clipboard, and back; null where the text is something else. */
export function toText(nodes: readonly WireNode[], edges: readonly WireEdge[]): string {
	return JSON.stringify({ kind: MARK, nodes, edges }, null, '\t');
}

/* Takes a clipboard's text, or a whole exported workflow. */
export function fromText(text: string): { name: string | null; nodes: unknown[]; edges: unknown[] } | null {
	try {
		const value = JSON.parse(text) as { name?: unknown; nodes?: unknown; edges?: unknown };
		if (!Array.isArray(value.nodes)) return null;
		return { name: typeof value.name === 'string' ? value.name : null, nodes: value.nodes, edges: Array.isArray(value.edges) ? value.edges : [] };
	} catch {
		return null;
	}
}

/* What of it can be pasted. */
export function pasteable({ nodes, edges }: { nodes: unknown[]; edges: unknown[] }): { nodes: WireNode[]; edges: WireEdge[] } {
	return { nodes: nodes.filter(isNode), edges: edges.filter(isEdge) };
}
