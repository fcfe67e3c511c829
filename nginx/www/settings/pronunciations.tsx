/* How words are spoken: a list that is edited as a whole, and saved when the user says so. */
import { useCallback, useEffect, useRef, useState, type FormEvent } from 'react';
import { messageOf, put } from '../api';
import { useGuard } from '../router';
import { Button } from '../ui/button';
import { confirm } from '../ui/dialog';
import { Field } from '../ui/field';
import { Badge, Empty, Failure, Loading, Notice } from '../ui/states';
import { useResource } from '../use-resource';
import { SettingsFrame } from './frame';
import { MOST_WORDS, entriesOf, faultsOf, refusedRow, rowOf, type Faults, type Pronunciation, type Row } from './word-list';

const PATH = '/api/settings/pronunciations';
const NONE: ReadonlyMap<number, Faults> = new Map();

function isSame(one: readonly Pronunciation[], other: readonly Pronunciation[]): boolean {
	return one.length === other.length && one.every(({ word, replacement }, i) => word === other[i]?.word && replacement === other[i]?.replacement);
}

/* What is not saved yet is not lost by leaving the page without being asked. */
function useUnsaved(unsaved: boolean) {
	const now = useRef(unsaved);
	now.current = unsaved;
	useGuard(
		useCallback(async () => {
			if (!now.current) return true;
			return confirm({ title: 'Leave without saving?', text: 'Your changes to the pronunciations are not saved yet.', confirm: 'Leave anyway', danger: true });
		}, []),
	);
	useEffect(() => {
		const leave = (event: BeforeUnloadEvent) => now.current && event.preventDefault();
		addEventListener('beforeunload', leave);
		return () => removeEventListener('beforeunload', leave);
	}, []);
}

function WordRow({ row, faults, onChange, onRemove, onEnter }: { row: Row; faults: Faults | undefined; onChange: (change: Partial<Pronunciation>) => void; onRemove: () => void; onEnter: () => void }) {
	return (
		<li className="word-row" data-key={row.key}>
			<Field label="Word" error={faults?.word}>
				{(ids) => <input {...ids} type="text" value={row.word} autoComplete="off" spellCheck={false} onChange={(event) => onChange({ word: event.target.value })} />}
			</Field>
			<Field label="Spoken as" error={faults?.replacement}>
				{(ids) => (
					<input
						{...ids}
						type="text"
						value={row.replacement}
						autoComplete="off"
						spellCheck={false}
						onChange={(event) => onChange({ replacement: event.target.value })}
						onKeyDown={(event) => {
							if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return;
							event.preventDefault();
							onEnter();
						}}
					/>
				)}
			</Field>
			<Button kind="quiet" icon="trash" iconOnly onClick={onRemove}>
				{row.word.trim() ? `Remove ${row.word.trim()}` : 'Remove this word'}
			</Button>
		</li>
	);
}

function WordList({ initial }: { initial: Pronunciation[] }) {
	const [saved, setSaved] = useState(initial);
	const [rows, setRows] = useState(() => initial.map(rowOf));
	const [faults, setFaults] = useState(NONE);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const list = useRef<HTMLUListElement>(null);
	const focused = useRef<number | null>(null);
	const entries = entriesOf(rows);
	const unsaved = !isSame(entries, saved);
	const isFull = rows.length >= MOST_WORDS;
	useUnsaved(unsaved);

	useEffect(() => {
		if (focused.current === null) return;
		list.current?.querySelector<HTMLInputElement>(`[data-key="${focused.current}"] input`)?.focus();
		focused.current = null;
	}, [rows]);

	function change(next: Row[]) {
		setRows(next);
		/* A fault that was shown goes when it is mended; new ones show when it is saved. */
		const now = faultsOf(next);
		setFaults((old) => new Map([...old].flatMap(([key]) => (now.has(key) ? [[key, now.get(key)!] as const] : []))));
		setError(null);
	}

	function add() {
		if (isFull) return;
		const row = rowOf({ word: '', replacement: '' });
		focused.current = row.key;
		change([...rows, row]);
	}

	function remove(row: Row) {
		const at = rows.indexOf(row);
		focused.current = (rows[at + 1] ?? rows[at - 1])?.key ?? null;
		change(rows.filter((other) => other !== row));
	}

	function refuse(found: ReadonlyMap<number, Faults>) {
		setFaults(found);
		setTimeout(() => list.current?.querySelector<HTMLInputElement>('[aria-invalid]')?.focus());
	}

	async function save(event: FormEvent) {
		event.preventDefault();
		const found = faultsOf(rows);
		if (found.size > 0) return refuse(found);
		setBusy(true);
		setError(null);
		try {
			setSaved(await put<Pronunciation[]>(PATH, entries));
			setFaults(NONE);
			setRows((now) => now.filter(({ word, replacement }) => word.trim() || replacement.trim()));
		} catch (failed) {
			const at = refusedRow(rows, failed);
			if (at) refuse(at);
			else setError(failed);
		}
		setBusy(false);
	}

	const addButton = (
		<Button icon="plus" disabled={isFull} onClick={add}>
			Add a word
		</Button>
	);
	return (
		<form className="stack" onSubmit={(event) => void save(event)} noValidate>
			{rows.length === 0 ? (
				<Empty icon="voice" title="No words yet" actions={addButton}>
					Names, abbreviations and foreign words are often misread. Write down how they sound: “SQL” as “sequel”.
				</Empty>
			) : (
				<>
					<ul className="settings-list plain-list" ref={list}>
						{rows.map((row) => (
							<WordRow
								key={row.key}
								row={row}
								faults={faults.get(row.key)}
								onChange={(part) => change(rows.map((other) => (other === row ? { ...row, ...part } : other)))}
								onRemove={() => remove(row)}
								onEnter={add}
							/>
						))}
					</ul>
					<div className="row">
						{addButton}
						<span className="fine numbers">
							{rows.length} of {MOST_WORDS}
							{isFull && ': the list is full'}
						</span>
					</div>
				</>
			)}
			{error !== null && <Notice kind="bad">{messageOf(error)}</Notice>}
			{(rows.length > 0 || unsaved) && (
				<div className="word-save">
					<Button kind="primary" type="submit" busy={busy} disabled={!unsaved}>
						Save
					</Button>
					<span role="status">
						{busy ? <span className="fine">Saving …</span> : faults.size > 0 ? <Badge kind="bad">Some words need your attention</Badge> : unsaved ? <Badge kind="warn">Not saved yet</Badge> : <Badge kind="good" icon="check">Saved</Badge>}
					</span>
				</div>
			)}
		</form>
	);
}

export default function Pronunciations() {
	const { data, error, reload } = useResource<Pronunciation[]>(PATH);
	return (
		<SettingsFrame>
			<section aria-labelledby="words-title">
				<header className="settings-head">
					<h2 id="words-title">Pronunciations</h2>
					<p className="quiet">
						Each word is replaced before a text is spoken, in all of your voices. A word in small letters is found however it is written; one with capitals only as you wrote it.
					</p>
				</header>
				{error && !data ? <Failure error={error} retry={reload} what="your pronunciations" /> : !data ? <Loading what="your pronunciations" /> : <WordList initial={data} />}
			</section>
		</SettingsFrame>
	);
}
