/* The recordings of a voice: adding them, how good each is, and whether they are enough. */
import { useEffect, useRef, useState, type DragEvent } from 'react';
import { ApiError, del, messageOf, upload } from '../api';
import { formatLength } from '../format';
import { Audio } from '../runs/audio';
import { Button } from '../ui/button';
import { confirm } from '../ui/dialog';
import { Badge, Notice } from '../ui/states';
import { toast, toastError } from '../ui/toast';
import { PROFILES, keyOf, type Profile, type Sample } from './types';

const MAX_BYTES = 25 * 1024 * 1024;
/* What makes a good clone. */
const ENOUGH_S = 60;
const PLENTY_S = 180;

interface Upload {
	id: number;
	file: File;
	part: number;
	error: string | null;
	stop: AbortController;
}

let next = 1;

/* Files on their way, one after the other. */
function useUploads(profileId: string, onDone: (sample: Sample) => void) {
	const [uploads, setUploads] = useState<Upload[]>([]);
	const last = useRef(Promise.resolve());
	const stops = useRef(new Set<AbortController>());
	const change = (id: number, to: Partial<Upload>) => setUploads((all) => all.map((one) => (one.id === id ? { ...one, ...to } : one)));
	const forget = (id: number) => setUploads((all) => all.filter((one) => one.id !== id));

	useEffect(() => () => stops.current.forEach((stop) => stop.abort()), []);

	async function send({ id, file, stop }: Upload) {
		if (stop.signal.aborted) return;
		try {
			const form = new FormData();
			form.append('file', file);
			onDone(await upload<Sample>(`${PROFILES}/${profileId}/assets`, form, (part) => change(id, { part }), stop.signal));
			forget(id);
		} catch (error) {
			if (!stop.signal.aborted) change(id, { error: messageOf(error) });
		} finally {
			stops.current.delete(stop);
		}
	}

	function add(files: Iterable<File>) {
		for (const file of files) {
			const error = file.size > MAX_BYTES ? 'The file is larger than 25 MB.' : null;
			const one: Upload = { id: next++, file, part: 0, error, stop: new AbortController() };
			setUploads((all) => [...all, one]);
			if (error) continue;
			stops.current.add(one.stop);
			last.current = last.current.then(() => send(one));
		}
	}

	function cancel({ id, stop }: Upload) {
		stop.abort();
		forget(id);
	}

	return { uploads, add, cancel };
}

function UploadRow({ upload: { file, part, error }, onCancel }: { upload: Upload; onCancel: () => void }) {
	return (
		<li className="sample">
			<div className="row between">
				<span className="grow cut" title={file.name}>
					{file.name}
				</span>
				<Button size="small" kind="quiet" icon="close" iconOnly onClick={onCancel}>
					{error ? `Dismiss ${file.name}` : `Cancel the upload of ${file.name}`}
				</Button>
			</div>
			{error ? <Notice kind="bad">{error}</Notice> : <progress max={1} value={part} aria-label={`Upload of ${file.name}`} />}
		</li>
	);
}

function SampleRow({ sample, number, onDelete }: { sample: Sample; number: number; onDelete: () => Promise<void> }) {
	const title = sample.kind === 'consent' ? `Consent ${number}` : `Sample ${number}`;
	const advice = sample.quality?.advice ?? [];
	return (
		<li className="sample">
			<div className="row">
				<h3>{title}</h3>
				<span className="fine numbers">{formatLength(sample.durationSec)}</span>
				{sample.quality && advice.length === 0 && <Badge kind="good">Good</Badge>}
				<span className="grow" />
				<Button size="small" kind="quiet" icon="trash" iconOnly onClick={onDelete}>
					{`Delete ${title}`}
				</Button>
			</div>
			{sample.quality === null && <p className="fine">It could not be decoded, so nothing is known of its quality.</p>}
			{advice.length > 0 && (
				<Notice kind="warn">
					{advice.map((sentence) => (
						<p key={sentence}>{sentence}</p>
					))}
				</Notice>
			)}
			<Audio audioKey={keyOf(sample)} title={title} />
		</li>
	);
}

function Total({ seconds }: { seconds: number }) {
	const verdict =
		seconds < ENOUGH_S
			? { kind: 'warn' as const, label: 'Too little', text: `about ${formatLength(ENOUGH_S - seconds)} more makes a better voice.` }
			: seconds > PLENTY_S
				? { kind: 'warn' as const, label: 'Much', text: 'more than three minutes can make the voice worse.' }
				: { kind: 'good' as const, label: 'Enough', text: 'this makes a good voice.' };
	return (
		<p className="row" role="status">
			<span className="numbers">{formatLength(seconds)} in all</span>
			<Badge kind={verdict.kind}>{verdict.label}</Badge>
			<span className="fine">One to two minutes are advised: {verdict.text}</span>
		</p>
	);
}

export function Samples({ profile, cloned, onChange }: { profile: Profile; cloned: boolean; onChange: (change: (samples: Sample[]) => Sample[]) => void }) {
	const { uploads, add, cancel } = useUploads(profile.id, (sample) => onChange((all) => [...all, sample]));
	const [over, setOver] = useState(false);
	const chooser = useRef<HTMLInputElement>(null);
	const seconds = profile.assets.filter(({ kind }) => kind !== 'consent').reduce((sum, { durationSec }) => sum + durationSec, 0);

	function drop(event: DragEvent) {
		event.preventDefault();
		setOver(false);
		add(event.dataTransfer.files);
	}

	async function remove(sample: Sample, number: number) {
		if (!(await confirm({ title: `Delete sample ${number}?`, text: 'It leaves the storage too.', confirm: 'Delete sample', danger: true }))) return;
		try {
			await del(`${PROFILES}/${profile.id}/assets/${sample.id}`);
			toast('Sample deleted');
		} catch (error) {
			if (!(error instanceof ApiError && error.status === 404)) return toastError(error);
		}
		onChange((all) => all.filter(({ id }) => id !== sample.id));
	}

	return (
		<section className="card stack" aria-labelledby="samples-title">
			<h2 id="samples-title">Samples</h2>
			<div
				className={over ? 'drop over' : 'drop'}
				onDragOver={(event) => {
					event.preventDefault();
					setOver(true);
				}}
				onDragLeave={() => setOver(false)}
				onDrop={drop}
			>
				<p>Drop recordings here: MP3 or WAV, up to 25 MB each.</p>
				<Button icon="upload" onClick={() => chooser.current?.click()}>
					Choose files
				</Button>
				<input
					ref={chooser}
					className="visually-hidden"
					type="file"
					accept=".mp3,.wav,audio/mpeg,audio/wav"
					multiple
					tabIndex={-1}
					aria-label="Recordings"
					onChange={(event) => {
						add([...(event.target.files ?? [])]);
						event.target.value = '';
					}}
				/>
			</div>
			{cloned && profile.assets.length > 0 && <Total seconds={seconds} />}
			{(profile.assets.length > 0 || uploads.length > 0) && (
				<ul className="samples plain-list">
					{profile.assets.map((sample, i) => (
						<SampleRow key={sample.id} sample={sample} number={i + 1} onDelete={() => remove(sample, i + 1)} />
					))}
					{uploads.map((one) => (
						<UploadRow key={one.id} upload={one} onCancel={() => cancel(one)} />
					))}
				</ul>
			)}
		</section>
	);
}
