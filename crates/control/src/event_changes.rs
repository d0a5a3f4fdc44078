//! Events that tell what somebody changed: the registry, and the settings of the store.

use infostore::{RegistryChange, SettingChange};
use registry_poll::Edit;

use crate::event_fields::EventFields;
use crate::reg_value::ValueText;
use crate::scalars::Length;

pub(crate) fn registry_changed(RegistryChange { node, edit }: &RegistryChange) -> EventFields {
    let (action, key, name, value) = match edit {
        Edit::CreateKey(key) => ("create_key", key, None, None),
        Edit::DeleteKey(key) => ("delete_key", key, None, None),
        Edit::SetValue { key, name, value } => ("set_value", key, Some(name), Some(value)),
        Edit::DeleteValue { key, name } => ("delete_value", key, Some(name), None),
    };
    EventFields::RegistryChanged {
        node: node.to_string(),
        action,
        key: key.to_string(),
        name: name.map(ToString::to_string),
        value: value.map(ValueText::from),
    }
}

pub(crate) fn store_changed(change: SettingChange) -> EventFields {
    let (mut poll_interval, mut registry_watch, mut disconnect) = (None, None, None);
    let (mut anonymous, mut min_auth_level, mut async_notifications) = (None, None, None);
    let (mut polls_max, mut retry, mut retry_delay) = (None, None, None);
    match change {
        SettingChange::PollInterval(interval) => poll_interval = Some(Length(interval)),
        SettingChange::RegistryWatch(watch) => registry_watch = Some(watch.into()),
        SettingChange::Disconnect(mode) => disconnect = Some(mode.into()),
        SettingChange::Authentication(authentication) => {
            anonymous = Some(authentication.anonymous);
            min_auth_level = Some(authentication.min_level.into());
        }
        SettingChange::AsyncNotifications(given) => async_notifications = Some(given),
        SettingChange::Pacing(pacing) => {
            polls_max = Some(Length::of_ms(pacing.polls_max_ms));
            retry = Some(pacing.retry);
            retry_delay = Some(Length::of_ms(pacing.retry_delay_ms));
        }
    }
    EventFields::StoreChanged {
        poll_interval,
        registry_watch,
        disconnect,
        anonymous,
        min_auth_level,
        async_notifications,
        polls_max,
        retry,
        retry_delay,
    }
}
