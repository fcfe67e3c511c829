/* The groups of the palette, in the order in which a workflow usually needs them. */
import type { IconName } from '../ui/icon';

export interface Category {
	label: string;
	icon: IconName;
}

const CATEGORIES: Record<string, Category> = {
	trigger: { label: 'Start', icon: 'play' },
	ai: { label: 'Writing', icon: 'edit' },
	voice: { label: 'Voice', icon: 'voice' },
	logic: { label: 'Logic', icon: 'layout' },
	utility: { label: 'Utility', icon: 'settings' },
};

export const ORDER = Object.keys(CATEGORIES);

export function categoryOf(name: string | undefined): Category {
	return CATEGORIES[name ?? ''] ?? { label: name || 'Other', icon: 'more' };
}
