/* Recording with the microphone: what to read, how loud it is, and what it came to. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { messageOf } from '../api';
import { Player } from '../audio/player';
import { formatLength } from '../format';
import { Button } from '../ui/button';
import { confirm, Dialog } from '../ui/dialog';
import { Notice } from '../ui/states';
import { record, type Recording } from './recording';
import { MAX_BYTES } from './uploads';

const FLOOR_DB = -60;
const TOO_LOUD_DB = -1, TOO_QUIET_DB = -30;
const MEMORY = 60; /* blocks, about three seconds, by which the advice goes */

const decibels = (peak: number) => 20 * Math.log10(Math.max(peak, 1e-6));

function adviceFor(peaks: number[]): string {
	const loudest = decibels(Math.max(...peaks, 0));
	if (loudest > TOO_LOUD_DB) return 'Too loud: move back a little.';
	return peaks.length >= MEMORY && loudest < TOO_QUIET_DB ? 'Hard to hear: come closer to the microphone.' : '';
}

function Level({ peak }: { peak: number }) {
	const db = Math.max(decibels(peak), FLOOR_DB);
	return (
		<div className={db > TOO_LOUD_DB ? 'level over' : 'level'} role="meter" aria-label="Level" aria-valuemin={FLOOR_DB} aria-valuemax={0} aria-valuenow={Math.round(db)} aria-valuetext={`${Math.round(db)} dB`}>
			<span style={{ transform: `scaleX(${Math.min(1, 1 - db / FLOOR_DB)})` }} />
		</div>
	);
}

interface Take {
	file: File;
	url: string;
}

/* A recording under way, and the take that it ends in. */
function useRecorder() {
	const recording = useRef<Recording | null>(null);
	const starting = useRef(false), left = useRef(false);
	const [running, setRunning] = useState(false);
	const [peaks, setPeaks] = useState<number[]>([]);
	const [seconds, setSeconds] = useState(0);
	const [take, setTake] = useState<Take | null>(null);
	const [error, setError] = useState<unknown>(null);

	useEffect(() => {
		left.current = false;
		return () => {
			left.current = true;
			recording.current?.stop();
		};
	}, []);
	useEffect(() => () => void (take && URL.revokeObjectURL(take.url)), [take]);

	function stop() {
		const blob = recording.current?.stop();
		recording.current = null;
		setRunning(false);
		if (blob) setTake({ file: new File([blob], 'Recording.wav', { type: 'audio/wav' }), url: URL.createObjectURL(blob) });
	}

	async function start() {
		if (starting.current || recording.current) return;
		starting.current = true;
		setError(null);
		setPeaks([]);
		setSeconds(0);
		const onBlock = (peak: number, recorded: number) => {
			setPeaks((old) => [...old.slice(1 - MEMORY), peak]);
			setSeconds(recorded);
		};
		try {
			const begun = await record(MAX_BYTES, { onBlock, onEnd: stop });
			if (left.current) return void begun.stop();
			recording.current = begun;
			setTake(null);
			setRunning(true);
		} catch (failed) {
			setError(failed);
		} finally {
			starting.current = false;
		}
	}

	return { running, peaks, seconds, take, error, start, stop };
}

export function RecorderDialog({ title, script, onClose, onTake }: { title: string; script: ReactNode; onClose: () => void; onTake: (file: File) => void }) {
	const { running, peaks, seconds, take, error, start, stop } = useRecorder();

	const unsaved = running || take !== null;
	useEffect(() => {
		if (!unsaved) return;
		const warn = (event: BeforeUnloadEvent) => event.preventDefault();
		addEventListener('beforeunload', warn);
		return () => removeEventListener('beforeunload', warn);
	}, [unsaved]);

	/* A stray click is not to throw a minute of reading away. */
	async function close() {
		const sure = !take || (await confirm({ title: 'Throw the recording away?', text: 'It has not been uploaded.', confirm: 'Throw away', danger: true }));
		if (sure) onClose();
	}

	return (
		<Dialog
			title={title}
			wide
			{...(!running && { onClose: () => void close() })}
			actions={
				/* By keys: who pressed "Record again" is not to find "Cancel" busy. */
				take ? (
					<>
						<Button key="again" icon="microphone" autoFocus onClick={start}>
							Record again
						</Button>
						<Button key="use" kind="primary" icon="upload" onClick={() => onTake(take.file)}>
							Use this recording
						</Button>
					</>
				) : (
					<>
						{!running && (
							<Button key="cancel" onClick={onClose}>
								Cancel
							</Button>
						)}
						<Button key="record" kind={running ? 'danger' : 'primary'} icon={running ? 'stop' : 'microphone'} onClick={running ? stop : start}>
							{running ? 'Stop' : 'Start recording'}
						</Button>
					</>
				)
			}
		>
			<div className="stack">
				{error !== null && <Notice kind="bad">{messageOf(error)}</Notice>}
				<div className="script" tabIndex={0} role="region" aria-label="What to read aloud">
					{script}
				</div>
				{take ? (
					<Player key={take.url} open={() => Promise.resolve(take.url)} title="your recording" />
				) : (
					<>
						<Level peak={running ? (peaks.at(-1) ?? 0) : 0} />
						<p className="row between">
							<span className="numbers">{formatLength(seconds)}</span>
							<span className="fine" role="status">
								{running ? adviceFor(peaks) || 'Recording …' : 'A quiet room, and a hand’s width from the microphone.'}
							</span>
						</p>
					</>
				)}
			</div>
		</Dialog>
	);
}
