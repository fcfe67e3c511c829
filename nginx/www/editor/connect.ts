/* Which connections make sense, and why others do not. */
import { configOf, edgeId, isDisabled, titleOf, typeOf, type Graph, edgesOf, nodesOf } from './document';
import type { NodeField, NodeType, Port, WireEdge, WireNode } from '../workflows/types';

export interface Wish {
	source: string;
	target: string;
	sourceHandle?: string | null;
	targetHandle?: string | null;
}

export type Types = ReadonlyMap<string, NodeType>;

const UNKNOWN_INPUTS: Port[] = [{ id: 'input', label: 'Input' }];
const UNKNOWN_OUTPUTS: Port[] = [{ id: 'output', label: 'Output' }];

/* A node's ports: those of its type; of an unknown type, those that it was stored with, or one of each. */
export function portsOf(node: WireNode, types: Types): { inputs: Port[]; outputs: Port[] } {
	const type = types.get(typeOf(node));
	const stored = node.data?.definition;
	const isPort = (port: unknown): port is Port => typeof port === 'object' && port !== null && typeof (port as Port).id === 'string';
	return {
		inputs: type?.inputs ?? (Array.isArray(stored?.inputs) ? stored.inputs.filter(isPort) : UNKNOWN_INPUTS),
		outputs: type?.outputs ?? (Array.isArray(stored?.outputs) ? stored.outputs.filter(isPort) : UNKNOWN_OUTPUTS),
	};
}

function reaches(edges: readonly WireEdge[], from: string, to: string): boolean {
	const next = new Map<string, string[]>();
	for (const { source, target } of edges) next.set(source, [...(next.get(source) ?? []), target]);
	const seen = new Set<string>();
	const open = [from];
	for (let id = open.pop(); id !== undefined; id = open.pop()) {
		if (id === to) return true;
		if (seen.has(id)) continue;
		seen.add(id);
		open.push(...(next.get(id) ?? []));
	}
	return false;
}

/* Why this connection cannot be made; null: it can. */
export function refusal(graph: Graph, types: Types, { source, target, sourceHandle, targetHandle }: Wish): string | null {
	const nodes = nodesOf(graph);
	const from = nodes.find(({ id }) => id === source);
	const to = nodes.find(({ id }) => id === target);
	if (!from || !to) return 'One of the two steps is gone.';
	if (source === target) return 'A step cannot be connected to itself.';
	const { outputs } = portsOf(from, types);
	const { inputs } = portsOf(to, types);
	if (outputs.length === 0) return `“${titleOf(from)}” has no output.`;
	if (inputs.length === 0) return `“${titleOf(to)}” takes no input: it starts the workflow.`;
	if (sourceHandle && !outputs.some(({ id }) => id === sourceHandle)) return `“${titleOf(from)}” has no output of that name.`;
	if (targetHandle && !inputs.some(({ id }) => id === targetHandle)) return `“${titleOf(to)}” has no input of that name.`;
	const edges = edgesOf(graph);
	if (edges.some((edge) => edge.source === source && edge.target === target && (edge.sourceHandle ?? outputs[0]!.id) === (sourceHandle ?? outputs[0]!.id) && (edge.targetHandle ?? inputs[0]!.id) === (targetHandle ?? inputs[0]!.id)))
		return 'These two are connected already.';
	if (reaches(edges, target, source)) return `That would make a circle: “${titleOf(to)}” already leads to “${titleOf(from)}”.`;
	return null;
}

export function makeEdge(graph: Graph, wish: Wish): WireEdge {
	const edge: WireEdge = { source: wish.source, target: wish.target };
	if (wish.sourceHandle) edge.sourceHandle = wish.sourceHandle;
	if (wish.targetHandle) edge.targetHandle = wish.targetHandle;
	const taken = new Set(edgesOf(graph).map(edgeId));
	const plain = `${wish.source}-${wish.target}`;
	let id = plain;
	for (let n = 2; taken.has(id); n++) id = `${plain}-${n}`;
	return { id, ...edge };
}

function isBlank(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/* What is wrong with a setting, in a sentence; null: nothing that can be seen from here. */
export function faultOf(field: NodeField, value: unknown): string | null {
	if (isBlank(value)) return field.required && field.default === undefined ? `${field.label} is required` : null;
	const text = typeof value === 'string' ? value : null;
	/* References are replaced when the step runs. */
	if (text?.includes('{{')) return null;
	if (field.type === 'number') {
		const number = Number(value);
		if (!Number.isFinite(number)) return `${field.label} must be a number`;
		if (field.min !== undefined && number < field.min) return `${field.label} must be at least ${field.min}`;
		if (field.max !== undefined && number > field.max) return `${field.label} must be at most ${field.max}`;
	}
	if (field.type === 'select' && text !== null && !field.options?.some((option) => option.toLowerCase() === text.toLowerCase())) return `${field.label} must be one of: ${field.options?.join(', ')}`;
	if (field.type === 'json' && text !== null) {
		try {
			JSON.parse(text);
		} catch {
			return `${field.label} is not valid JSON`;
		}
	}
	return null;
}

/* Everything that is wrong with a node, for its sign on the canvas. */
export function faultsOf(node: WireNode, types: Types): string[] {
	if (isDisabled(node)) return [];
	const type = types.get(typeOf(node));
	if (!type) return [`This server cannot run “${typeOf(node) || 'a step without a type'}”. Switch the step off, or replace it.`];
	const config = configOf(node);
	return type.fields.map((field) => faultOf(field, config[field.name])).filter((fault) => fault !== null);
}
