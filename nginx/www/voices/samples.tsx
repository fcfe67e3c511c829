/* The recordings of a voice: making and adding them, how good each is, and whether they are enough. */
import { useRef, useState, type DragEvent, type ReactNode } from 'react';
import { ApiError, del } from '../api';
import { StoredAudio } from '../audio/stored';
import { formatLength } from '../format';
import { Button } from '../ui/button';
import { confirm } from '../ui/dialog';
import { Badge, Notice } from '../ui/states';
import { toast, toastError } from '../ui/toast';
import { RecorderDialog } from './recorder';
import { scriptIn } from './scripts';
import { PROFILES, keyOf, wantsSpokenConsent, type Profile, type Sample } from './types';
import { isTooLarge, useUploads, type Kind, type Upload } from './uploads';

/* What makes a good clone. */
const ENOUGH_S = 60;
const PLENTY_S = 180;

function UploadRow({ upload: { file, part, error }, onRetry, onCancel }: { upload: Upload; onRetry: () => void; onCancel: () => void }) {
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
			{error ? (
				<Notice
					kind="bad"
					actions={
						!isTooLarge(file) && (
							<Button size="small" icon="rerun" onClick={onRetry}>
								Try again
							</Button>
						)
					}
				>
					{error}
				</Notice>
			) : (
				<progress max={1} value={part} aria-label={`Upload of ${file.name}`} />
			)}
		</li>
	);
}

function SampleRow({ sample, title, onDelete }: { sample: Sample; title: string; onDelete: () => Promise<void> }) {
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
			<StoredAudio audioKey={keyOf(sample)} title={title} seconds={sample.durationSec} />
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

function ToRead({ language }: { language: string }) {
	const paragraphs = scriptIn(language) ?? ['Read a page of a book that you like, for one to two minutes, in your usual voice.'];
	return paragraphs.map((paragraph) => <p key={paragraph}>{paragraph}</p>);
}

/* How recordings come in: dropped, chosen, or made here. */
function Source({ what, label, script, onFiles }: { what: string; label: string; script: ReactNode; onFiles: (files: Iterable<File>) => void }) {
	const [over, setOver] = useState(false);
	const [recording, setRecording] = useState(false);
	const chooser = useRef<HTMLInputElement>(null);

	function drop(event: DragEvent) {
		event.preventDefault();
		setOver(false);
		onFiles(event.dataTransfer.files);
	}

	return (
		<div
			className={over ? 'drop over' : 'drop'}
			onDragOver={(event) => {
				event.preventDefault();
				setOver(true);
			}}
			onDragLeave={() => setOver(false)}
			onDrop={drop}
		>
			<p>Record here, or drop {what}: MP3 or WAV, up to 25 MB each.</p>
			<div className="row">
				<Button kind="primary" icon="microphone" onClick={() => setRecording(true)}>
					Record
				</Button>
				<Button icon="upload" onClick={() => chooser.current?.click()}>
					Choose files
				</Button>
			</div>
			<input
				ref={chooser}
				className="visually-hidden"
				type="file"
				accept=".mp3,.wav,audio/mpeg,audio/wav"
				multiple
				tabIndex={-1}
				aria-label={label}
				onChange={(event) => {
					onFiles([...(event.target.files ?? [])]);
					event.target.value = '';
				}}
			/>
			{recording && (
				<RecorderDialog
					title="Record your voice"
					script={script}
					onClose={() => setRecording(false)}
					onTake={(file) => {
						setRecording(false);
						onFiles([file]);
					}}
				/>
			)}
		</div>
	);
}

export function Samples({ profile, cloned, onChange }: { profile: Profile; cloned: boolean; onChange: (change: (samples: Sample[]) => Sample[]) => void }) {
	const { uploads, add, retry, cancel } = useUploads(profile.id, (sample) => onChange((all) => [...all, sample]));
	const consents = profile.assets.filter(({ kind }) => kind === 'consent');
	const samples = profile.assets.filter(({ kind }) => kind !== 'consent');

	async function remove(sample: Sample, title: string) {
		if (!(await confirm({ title: `Delete ${title}?`, text: 'It leaves the storage too.', confirm: 'Delete recording', danger: true }))) return;
		try {
			await del(`${PROFILES}/${profile.id}/assets/${sample.id}`);
			toast(`${title} deleted`);
		} catch (error) {
			if (!(error instanceof ApiError && error.status === 404)) return toastError(error);
		}
		onChange((all) => all.filter(({ id }) => id !== sample.id));
	}

	const list = (kind: Kind, title: string, recordings: Sample[]) => {
		const coming = uploads.filter((one) => one.kind === kind);
		if (recordings.length + coming.length === 0) return null;
		return (
			<ul className="samples plain-list">
				{recordings.map((sample, i) => (
					<SampleRow key={sample.id} sample={sample} title={`${title} ${i + 1}`} onDelete={() => remove(sample, `${title} ${i + 1}`)} />
				))}
				{coming.map((one) => (
					<UploadRow key={one.id} upload={one} onRetry={() => retry(one)} onCancel={() => cancel(one)} />
				))}
			</ul>
		);
	};

	return (
		<>
			<section className="card stack" aria-labelledby="samples-title">
				<h2 id="samples-title">Samples</h2>
				<Source what="recordings" label="Recordings" script={<ToRead language={profile.language} />} onFiles={(files) => add(files, 'sample')} />
				{cloned && samples.length > 0 && <Total seconds={samples.reduce((sum, { durationSec }) => sum + durationSec, 0)} />}
				{list('sample', 'Sample', samples)}
			</section>
			{(wantsSpokenConsent(profile) || consents.length > 0) && (
				<section className="card stack" aria-labelledby="consent-title">
					<h2 id="consent-title">Spoken consent</h2>
					<p className="quiet">Azure wants to hear from the speaker, word for word, that the voice may be copied.</p>
					<Source what="the consent" label="Consent recording" script={<ConsentStatement />} onFiles={(files) => add(files, 'consent')} />
					{list('consent', 'Consent', consents)}
				</section>
			)}
		</>
	);
}

/* The words that Azure's documentation asks for, in English. */
function ConsentStatement() {
	return (
		<>
			<p>
				I, <em>(first and last name)</em>, am aware that recordings of my voice will be used by <em>(name of the company)</em> to create and use a synthetic version of my voice.
			</p>
			<p className="fine">In another language, read the statement that Azure’s documentation of personal voice has for it.</p>
		</>
	);
}
