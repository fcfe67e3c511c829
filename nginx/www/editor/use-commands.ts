/* What can be done to the graph as a whole or to the selection, by key, menu and clipboard. */
import { useEffect, useMemo } from 'react';
import { useReactFlow } from '@xyflow/react';
import { toast } from '../ui/toast';
import type { NodeType, WireNode } from '../workflows/types';
import { makeEdge, portsOf, refusal, type Types } from './connect';
import { edgesOf, nodesOf, positionOf, type GraphDocument } from './document';
import { layout, NODE_WIDTH } from './layout';
import { copies, fromText, makeNode, pasteable, toText } from './nodes';

const GAP = 88;
const OVERLAP = 48;

/* A free place: below what already stands there. */
function freePlace(document: GraphDocument, place: { x: number; y: number }) {
	const taken = nodesOf(document.graph).map(positionOf);
	let { y } = place;
	while (taken.some((other) => Math.abs(other.x - place.x) < NODE_WIDTH && Math.abs(other.y - y) < OVERLAP * 2)) y += OVERLAP * 2 + 16;
	return { x: place.x, y };
}

/* The first pair of ports by which `to` can follow `from`. */
function connection(document: GraphDocument, types: Types, from: WireNode, to: WireNode) {
	const graph = { ...document.graph, nodes: [...document.graph.nodes, to] };
	for (const output of portsOf(from, types).outputs) {
		for (const input of portsOf(to, types).inputs) {
			const wish = { source: from.id, target: to.id, sourceHandle: output.id, targetHandle: input.id };
			const isFree = !edgesOf(graph).some((edge) => edge.source === from.id && (edge.sourceHandle ?? output.id) === output.id);
			if (refusal(graph, types, wish) === null && (isFree || portsOf(from, types).outputs.length === 1)) return makeEdge(graph, wish);
		}
	}
	return null;
}

function selection(document: GraphDocument) {
	const { selectedNodes } = document.state;
	const nodes = nodesOf(document.graph).filter(({ id }) => selectedNodes.has(id));
	return { nodes, edges: edgesOf(document.graph).filter(({ source, target }) => selectedNodes.has(source) && selectedNodes.has(target)) };
}

/* How long a step that was added is waited for, in frames. */
const FOCUS_FRAMES = 30;

/*
 * Gives a step the focus as soon as it can have it: it is invisible until it is measured. What the user does meanwhile goes
 * before: nobody is torn away from what they type.
 */
function focusStep(id: string): void {
	const stop = new AbortController();
	for (const deed of ['keydown', 'pointerdown']) addEventListener(deed, () => stop.abort(), { capture: true, signal: stop.signal });
	const attempt = (frames: number) => {
		if (stop.signal.aborted) return;
		const step = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
		step?.focus({ preventScroll: true });
		if (frames === 0 || document.activeElement === step) stop.abort();
		else requestAnimationFrame(() => attempt(frames - 1));
	};
	requestAnimationFrame(() => attempt(FOCUS_FRAMES));
}

export interface Commands {
	addStep: (type: NodeType, place?: { x: number; y: number }) => void;
	duplicate: () => void;
	remove: () => void;
	selectAll: () => void;
	arrange: () => void;
	fit: () => void;
	paste: (text: string) => void;
}

export function useCommands(document: GraphDocument, types: Types): Commands {
	const flow = useReactFlow();
	const commands = useMemo((): Commands => {
		const calm = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200;
		const middle = () => {
			const box = window.document.querySelector('.canvas')?.getBoundingClientRect();
			return flow.screenToFlowPosition({ x: (box?.left ?? 0) + (box?.width ?? 0) / 2 - NODE_WIDTH / 2, y: (box?.top ?? 0) + (box?.height ?? 0) / 2 - 40 });
		};
		const see = (ids: string[]) => setTimeout(() => void flow.fitView({ nodes: ids.map((id) => ({ id })), maxZoom: flow.getZoom(), minZoom: 0.2, duration: calm, padding: 0.3 }), 30);
		return {
			addStep(type, place) {
				const [only, ...others] = selection(document).nodes;
				const before = place || others.length > 0 ? undefined : only;
				const beside = before && { x: positionOf(before).x + NODE_WIDTH + GAP, y: positionOf(before).y };
				const node = makeNode(type, place ?? freePlace(document, beside ?? middle()), document.graph);
				const edge = before && connection(document, types, before, node);
				document.add([node], edge ? [edge] : []);
				if (!place) see(before ? [before.id, node.id] : [node.id]);
				focusStep(node.id);
			},
			duplicate() {
				const { nodes, edges } = selection(document);
				if (nodes.length === 0) return;
				const copy = copies(nodes, edges, document.graph, { x: 32, y: 48 });
				document.add(copy.nodes, copy.edges);
			},
			remove() {
				const { selectedNodes, selectedEdges } = document.state;
				if (selectedNodes.size + selectedEdges.size === 0) return;
				document.remove(selectedNodes, selectedEdges);
				const count = selectedNodes.size;
				if (count > 1) toast(`${count} steps deleted`, { action: { label: 'Undo', run: () => document.undo() } });
			},
			selectAll: () => document.select(nodesOf(document.graph).map(({ id }) => id)),
			arrange() {
				document.move(layout(document.graph, (id) => flow.getNode(id)?.measured?.height), '');
				setTimeout(() => void flow.fitView({ maxZoom: 1, padding: 0.15, duration: calm }), 30);
			},
			fit: () => void flow.fitView({ maxZoom: 1, padding: 0.15, duration: calm }),
			paste(text) {
				const found = fromText(text);
				const { nodes, edges } = pasteable(found ?? { nodes: [], edges: [] });
				if (nodes.length === 0) return;
				const [first] = nodes.map(positionOf).sort((a, b) => a.x - b.x);
				const target = middle();
				const near = nodesOf(document.graph).some((node) => nodes.some(({ id }) => id === node.id));
				const by = near ? { x: 32, y: 48 } : { x: target.x - first!.x, y: target.y - first!.y };
				const copy = copies(nodes, edges, document.graph, by);
				document.add(copy.nodes, copy.edges);
				see(copy.nodes.map(({ id }) => id));
			},
		};
	}, [document, types, flow]);

	useEffect(() => {
		const elsewhere = (event: ClipboardEvent) => (event.target instanceof HTMLElement && !!event.target.closest('input, textarea, select, dialog')) || !!getSelection()?.toString();
		const copy = (event: ClipboardEvent) => {
			const { nodes, edges } = selection(document);
			if (elsewhere(event) || nodes.length === 0) return;
			event.clipboardData?.setData('text/plain', toText(nodes, edges));
			event.preventDefault();
			if (event.type === 'cut') commands.remove();
		};
		const paste = (event: ClipboardEvent) => {
			if (elsewhere(event)) return;
			const text = event.clipboardData?.getData('text/plain') ?? '';
			if (fromText(text)) event.preventDefault();
			commands.paste(text);
		};
		addEventListener('copy', copy);
		addEventListener('cut', copy);
		addEventListener('paste', paste);
		return () => {
			removeEventListener('copy', copy);
			removeEventListener('cut', copy);
			removeEventListener('paste', paste);
		};
	}, [document, commands]);

	return commands;
}
