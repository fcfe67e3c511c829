/* Two edits of one workflow: what each changed since the version that both began with, and both in one. */
import { edgeId, isEdge, isNode, titleOf, type Graph } from './document';

export interface Change {
	id: string;
	title: string;
	how: 'added' | 'removed' | 'changed';
}

export interface Difference {
	nodes: Change[];
	/* Connections that came or went. */
	edges: number;
	renamed: boolean;
}

function nodeMap(graph: Graph): Map<string, { title: string; text: string; value: unknown }> {
	return new Map(graph.nodes.filter(isNode).map((node) => [node.id, { title: titleOf(node), text: JSON.stringify(node), value: node }]));
}

function edgeMap(graph: Graph): Map<string, unknown> {
	return new Map(graph.edges.filter(isEdge).map((edge) => [edgeId(edge), edge]));
}

export function difference(from: Graph, to: Graph): Difference {
	const [before, after] = [nodeMap(from), nodeMap(to)];
	const nodes: Change[] = [];
	for (const [id, { title, text }] of after) {
		const old = before.get(id);
		if (!old) nodes.push({ id, title, how: 'added' });
		else if (old.text !== text) nodes.push({ id, title, how: 'changed' });
	}
	for (const [id, { title }] of before) if (!after.has(id)) nodes.push({ id, title, how: 'removed' });
	const [had, has] = [edgeMap(from), edgeMap(to)];
	const edges = [...has.keys()].filter((id) => !had.has(id)).length + [...had.keys()].filter((id) => !has.has(id)).length;
	return { nodes, edges, renamed: from.name !== to.name };
}

export function isSame(a: Graph, b: Graph): boolean {
	return a.name === b.name && JSON.stringify([a.nodes, a.edges]) === JSON.stringify([b.nodes, b.edges]);
}

/* Nodes that both changed, in different ways. */
export function clashes(base: Graph, mine: Graph, theirs: Graph): Change[] {
	const there = new Set(difference(base, theirs).nodes.map(({ id }) => id));
	const [ours, others] = [nodeMap(mine), nodeMap(theirs)];
	return difference(base, mine).nodes.filter(({ id }) => there.has(id) && ours.get(id)?.text !== others.get(id)?.text);
}

/* Takes every change of both; where both changed the same, ours. What `theirs` is not changed in keeps its order. */
export function merge(base: Graph, mine: Graph, theirs: Graph): Graph {
	const changed = new Map(difference(base, mine).nodes.map(({ id, how }) => [id, how]));
	const ours = nodeMap(mine);
	const present = new Set(theirs.nodes.filter(isNode).map(({ id }) => id));
	const nodes = theirs.nodes.filter((node) => !(isNode(node) && changed.get(node.id) === 'removed')).map((node) => (isNode(node) && changed.has(node.id) ? ours.get(node.id)!.value : node));
	for (const [id, { value }] of ours) if (changed.has(id) && !present.has(id)) nodes.push(value);

	const ids = new Set(nodes.filter(isNode).map(({ id }) => id));
	const [had, has, others] = [edgeMap(base), edgeMap(mine), edgeMap(theirs)];
	const edges = theirs.edges.filter((edge) => !isEdge(edge) || !had.has(edgeId(edge)) || has.has(edgeId(edge)));
	for (const [id, edge] of has) if (!had.has(id) && !others.has(id)) edges.push(edge);
	const whole = edges.filter((edge) => !isEdge(edge) || (ids.has(edge.source) && ids.has(edge.target)));
	return { nodes, edges: whole, name: mine.name !== base.name ? mine.name : theirs.name };
}
