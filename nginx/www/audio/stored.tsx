/* Audio in the storage: played and downloaded through links that last fifteen minutes. */
import { useState } from 'react';
import { get } from '../api';
import { Button } from '../ui/button';
import { toastError } from '../ui/toast';
import { parseCaptions, type Cue } from './captions';
import { Player } from './player';

async function linkTo(key: string): Promise<string> {
	return (await get<{ url: string }>(`/api/storage/play?key=${encodeURIComponent(key)}`)).url;
}

/* Saves what is stored under a key. Fetched as a whole, since a browser only opens what comes from another host. */
async function save(key: string, title: string) {
	const url = await linkTo(key);
	/* A bucket without CORS lets itself be opened, but not read. */
	const response = await fetch(url).catch(() => null);
	if (!response) return void window.open(url, '_blank', 'noopener');
	if (!response.ok) throw new Error('The file could not be fetched. Try again.');
	const link = document.createElement('a');
	link.href = URL.createObjectURL(await response.blob());
	link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'voiceover'}.${key.split('.').pop() ?? 'mp3'}`;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function loadCaptions(key: string): Promise<Cue[]> {
	const response = await fetch(await linkTo(key)).catch(() => null);
	if (!response?.ok) throw new Error('The captions could not be fetched. Try again.');
	return parseCaptions(await response.text());
}

interface StoredProps {
	audioKey: string;
	captionsKey?: string | null;
	title: string;
	/* As for the player. */
	seconds?: number;
	autoPlay?: boolean;
}

export function StoredAudio({ audioKey, captionsKey = null, title, seconds, autoPlay = false }: StoredProps) {
	const [captions, setCaptions] = useState<Cue[] | null>(null);

	async function toggleCaptions() {
		if (captions || !captionsKey) return setCaptions(null);
		await loadCaptions(captionsKey).then(setCaptions, toastError);
	}

	return (
		<Player key={audioKey} open={() => linkTo(audioKey)} title={title} seconds={seconds} autoPlay={autoPlay} captions={captions}>
			{captionsKey && (
				<>
					<Button size="small" icon="captions" iconOnly aria-pressed={captions !== null} onClick={toggleCaptions}>
						{captions ? 'Hide captions' : 'Show captions'}
					</Button>
					<Button size="small" icon="text" iconOnly onClick={() => save(captionsKey, title).catch(toastError)}>
						Download captions
					</Button>
				</>
			)}
			<Button size="small" icon="download" iconOnly onClick={() => save(audioKey, title).catch(toastError)}>
				Download
			</Button>
		</Player>
	);
}
