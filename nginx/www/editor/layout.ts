/*
 * Places for a whole graph: in columns from left to right, each step right of everything that leads to it, and within a
 * column in the order of what leads there, so that few lines cross.
 */
import { edgesOf, isNode, nodesOf, positionOf, type Graph } from './document';

export const NODE_WIDTH = 232;
const COLUMN = NODE_WIDTH + 88;
const GAP = 36;
const USUAL_HEIGHT = 76;
const SWEEPS = 4;

function columnsOf(ids: string[], parents: Map<string, string[]>, children: Map<string, string[]>): Map<string, number> {
	const column = new Map(ids.map((id) => [id, 0]));
	const waits = new Map(ids.map((id) => [id, parents.get(id)!.length]));
	const open = ids.filter((id) => waits.get(id) === 0);
	for (let id = open.shift(); id !== undefined; id = open.shift()) {
		for (const child of children.get(id)!) {
			column.set(child, Math.max(column.get(child)!, column.get(id)! + 1));
			waits.set(child, waits.get(child)! - 1);
			if (waits.get(child) === 0) open.push(child);
		}
	}
	return column;
}

function sortColumn(ids: string[], neighbours: Map<string, string[]>, order: Map<string, number>) {
	const middle = (id: string) => {
		const places = neighbours.get(id)!.map((other) => order.get(other)!);
		return places.length ? places.reduce((sum, place) => sum + place, 0) / places.length : order.get(id)!;
	};
	const keys = new Map(ids.map((id) => [id, middle(id)]));
	ids.sort((a, b) => keys.get(a)! - keys.get(b)!);
	ids.forEach((id, i) => order.set(id, i - (ids.length - 1) / 2));
}

/* The place of each node; `heightOf` tells how tall a node is drawn. */
export function layout(graph: Graph, heightOf: (id: string) => number | undefined): Map<string, { x: number; y: number }> {
	const ids = nodesOf(graph).map(({ id }) => id);
	const parents = new Map<string, string[]>(ids.map((id) => [id, []]));
	const children = new Map<string, string[]>(ids.map((id) => [id, []]));
	for (const { source, target } of edgesOf(graph)) {
		if (source === target) continue;
		parents.get(target)!.push(source);
		children.get(source)!.push(target);
	}
	const column = columnsOf(ids, parents, children);
	const columns: string[][] = [];
	for (const id of ids) (columns[column.get(id)!] ??= []).push(id);
	const order = new Map<string, number>();
	for (const all of columns) all?.forEach((id, i) => order.set(id, i - (all.length - 1) / 2));
	for (let sweep = 0; sweep < SWEEPS; sweep++) {
		for (const all of columns) sortColumn(all ?? [], parents, order);
		for (const all of [...columns].reverse()) sortColumn(all ?? [], children, order);
	}
	for (const all of columns) sortColumn(all ?? [], parents, order);

	const places = new Map<string, { x: number; y: number }>();
	columns.forEach((all, i) => {
		const heights = all.map((id) => heightOf(id) ?? USUAL_HEIGHT);
		let y = -(heights.reduce((sum, height) => sum + height + GAP, -GAP) / 2);
		all.forEach((id, j) => {
			places.set(id, { x: i * COLUMN, y: Math.round(y) });
			y += heights[j]! + GAP;
		});
	});
	return places;
}

/*
 * What is edited of a workflow. A program that makes workflows need not know where a step is drawn; where all of them lie on
 * one place, they get places here: the nodes are others then than those that came.
 */
export function graphOf({ nodes, edges, name }: Graph): Graph {
	const graph = { nodes, edges, name };
	const shown = nodesOf(graph);
	const spots = new Set(shown.map((node) => Object.values(positionOf(node)).join()));
	if (shown.length < 2 || spots.size > 1) return graph;
	const places = layout(graph, () => undefined);
	return { ...graph, nodes: nodes.map((node) => (isNode(node) ? { ...node, position: { ...node.position, ...places.get(node.id)! } } : node)) };
}
