/* What became of what was promised, by the kill that hit it last. */
import { titleOf } from './points.js';
import { chargesOf } from './site.js';

export const GOALS = { recoverySec: 60 };
const MAX_CRASHES = 3; /* after which a runner gives an execution up, by design */
const NONE = 'no kill';

/* The executions that were promised, as the database has them. */
function readExecutions(site) {
	return site.rows(`SELECT e.id, e.workflow_id AS workflow, e.status, e.crashes, e.error, e.trigger ->> 'scheduledAt' AS due,
		extract(epoch FROM e.completed_at) * 1000 AS ended FROM executions e WHERE e.started_at > now() - interval '1 day'`);
}

/* By execution, the last kill that hit it before its end. */
function lastHits(kills, executions) {
	const ended = new Map(executions.map(({ id, ended: at }) => [id, at ?? Infinity]));
	const last = new Map();
	for (const kill of kills)
		for (const id of kill.hit) if (kill.at <= (ended.get(id) ?? Infinity)) last.set(id, kill);
	return last;
}

/* How often a text was paid for, by provider. */
function paid(sim) {
	const times = new Map();
	for (const { key, text } of chargesOf(sim)) {
		const name = `${key} ${text}`;
		times.set(name, (times.get(name) ?? 0) + 1);
	}
	return [...times].filter(([, count]) => count > 1).map(([name, count]) => ({ text: name.slice(name.indexOf(' ') + 1), extra: count - 1 }));
}

/* The runs whose segments were paid more than once; Azure has no history, so there a crash may cost one call. */
async function overpaid(site, provider, sim) {
	const found = [];
	for (const { text, extra } of paid(sim)) {
		const [run] = await site.rows(`SELECT s.run_id AS id, coalesce(e.claim, 1) - 1 AS crashes FROM segments s LEFT JOIN executions e ON e.id = s.run_id
			WHERE s.provider = '${provider}' AND s.text = '${text.replaceAll("'", "''")}'`);
		const allowed = provider === 'azure' ? Number(run?.crashes ?? 0) : 0;
		if (extra > allowed) found.push({ id: run?.id, problem: 'paid', count: extra - allowed, detail: `${provider}: "${text}" was paid ${extra + 1} times` });
	}
	return found;
}

/* Schedules: each time that was due gives one execution, and nothing else does. */
function checkSchedules(load, executions) {
	const problems = [];
	const fired = new Map();
	for (const { id, workflow, due } of executions.filter((execution) => load.schedules.includes(execution.workflow))) {
		const name = `${workflow} ${due}`;
		if (fired.has(name)) problems.push({ id, problem: 'twice', detail: `the schedule of ${due} fired twice` });
		fired.set(name, id);
	}
	for (const { workflow, at, sure } of load.due)
		if (sure && !fired.has(`${workflow} ${at}`)) problems.push({ problem: 'lost', detail: `the schedule of ${at} never fired` });
	return problems;
}

function checkPromises(load, executions) {
	const problems = [];
	const found = new Map(executions.map((execution) => [execution.id, execution]));
	for (const [id, { kind, ends }] of load.promises) {
		const execution = found.get(id);
		if (!execution) problems.push({ id, problem: 'lost', detail: `${kind}: it does not exist` });
		else if (execution.status === 'RUNNING') problems.push({ id, problem: 'stuck', detail: `${kind}: it has not ended` });
		else if (execution.crashes >= MAX_CRASHES && execution.status === 'FAILED') problems.push({ id, problem: 'givenUp', detail: execution.error });
		else if (!ends.includes(execution.status)) problems.push({ id, problem: 'lost', detail: `${kind}: ${execution.status} ${execution.error}` });
	}
	/* An execution that no answer named was made twice from one request. */
	for (const { id, workflow } of executions)
		if (load.workflows.includes(workflow) && !load.promises.has(id)) problems.push({ id, problem: 'twice', detail: 'one request has made it and another' });
	return problems;
}

async function checkEnds(site, load) {
	const rows = await site.rows('SELECT execution_id AS id, what, count(*) FROM ends GROUP BY 1, 2 HAVING count(*) > 1');
	return rows
		.filter(({ id, what }) => !(what === 'execution' && load.reopened.has(id)))
		.map(({ id, what, count }) => ({ id, problem: 'twice', detail: `${what} ended ${count} times` }));
}

async function checkFiles(site, load) {
	const rows = await site.rows(`SELECT execution_id AS id, output ->> 'audioKey' AS key FROM execution_steps WHERE node_type = 'voice.tts' AND status = 'success'`);
	const objects = new Set(await site.stack.objects('voice-output/'));
	return rows.filter(({ id, key }) => load.promises.has(id) && !objects.has(key)).map(({ id }) => ({ id, problem: 'lost', detail: 'its audio is not in the storage' }));
}

export async function judge(site, load, kills) {
	const executions = await readExecutions(site);
	const problems = [
		...checkPromises(load, executions),
		...checkSchedules(load, executions),
		...(await checkEnds(site, load)),
		...(await checkFiles(site, load)),
		...(await overpaid(site, 'elevenlabs', site.elevenlabs)),
		...(await overpaid(site, 'azure', site.azure)),
	];
	return new Verdict(load, kills, executions, problems);
}

class Verdict {
	constructor(load, kills, executions, problems) {
		Object.assign(this, { load, kills, executions, problems });
		const last = lastHits(kills, executions);
		this.rows = new Map();
		for (const kill of kills) this.#row(titleOf(kill.point)).kills++;
		for (const { id, problem, count = 1 } of problems) this.#row(last.has(id) ? titleOf(last.get(id).point) : NONE)[problem] += count;
		for (const { id, ended } of executions)
			if (last.has(id) && ended) this.#recovered(last.get(id), (ended - last.get(id).at) / 1000, id);
	}

	#row(title) {
		if (!this.rows.has(title)) this.rows.set(title, { kills: 0, lost: 0, stuck: 0, twice: 0, paid: 0, givenUp: 0, recoverySec: 0 });
		return this.rows.get(title);
	}

	#recovered(kill, seconds, id) {
		const row = this.#row(titleOf(kill.point));
		if (seconds > row.recoverySec) Object.assign(row, { recoverySec: seconds, slowest: id });
	}

	get totals() {
		const sum = (field) => [...this.rows.values()].reduce((total, row) => total + row[field], 0);
		return {
			kills: sum('kills'),
			lost: sum('lost'),
			stuck: sum('stuck'),
			twice: sum('twice'),
			paid: sum('paid'),
			givenUp: sum('givenUp'),
			recoverySec: Math.max(0, ...[...this.rows.values()].map(({ recoverySec }) => recoverySec)),
		};
	}

	get ok() {
		const { lost, stuck, twice, paid: extra, recoverySec } = this.totals;
		return lost + stuck + twice + extra === 0 && recoverySec <= GOALS.recoverySec;
	}

	toString() {
		const width = Math.max(...[...this.rows.keys()].map((title) => title.length), 24);
		const line = (title, cells) => `${title.padEnd(width)} ${cells.map((cell) => String(cell).padStart(9)).join('')}`;
		const cellsOf = (row) => [row.kills, row.lost, row.stuck, row.twice, row.paid, row.recoverySec.toFixed(1)];
		const lines = [
			line('killed at', ['kills', 'lost', 'stuck', 'twice', 'overpaid', 'seconds']),
			...[...this.rows].map(([title, row]) => line(title, cellsOf(row))),
			line(`all ${this.rows.size} points`, cellsOf(this.totals)),
			line('goal', ['', 0, 0, 0, 0, `<= ${GOALS.recoverySec}`]),
			'',
			`${this.load.promises.size} executions were promised, ${this.load.due.length} by a schedule; ${this.totals.givenUp} were given up after ${MAX_CRASHES} crashes, as is told to their users;`,
			`the slowest answer took ${(this.load.slowestMs / 1000).toFixed(1)} s.`,
			...this.problems.slice(0, 30).map(({ id, problem, detail }) => `${problem}: ${id ?? ''} ${detail}`),
		];
		return lines.join('\n');
	}
}
