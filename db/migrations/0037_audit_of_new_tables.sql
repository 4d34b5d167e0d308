-- What people set up since the trail was made (0027): sign-up, its words, wishes, and triggers of campaigns.
select audit_table('signup_forms', 'id', 1000, '', 'updated_at');
select audit_table('consent_texts', 'id', 1000, '', '');
select audit_table('customer_preferences', 'customer_id', 50, '', 'updated_at');
select audit_table('campaign_triggers', 'campaign_id', 1000, '', 'checked_to');
